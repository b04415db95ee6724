"""Every place that may hold something of a person, in one list (rules 9.3, 9.6).

`gdpr find` counts them and an erasure checks them again. A place that comes with a new table or a
new kind of copy adds its line here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from savctl.errors import NotFound
from savctl.persistence.engine import Database
from savctl.persistence.privacy.person import PersonCounts
from savctl.persistence.schema.tables import (
    files,
    imports,
    outbox,
    purges,
    sla_alarms,
    sla_breaches,
    uploads,
)
from savctl.persistence.tickets.integrity import snapshot
from savctl.persistence.visibility import is_customers


@dataclass(frozen=True, slots=True)
class PlaceCount:
    """How much there is: rows, and bytes where there are files."""

    rows: int
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class CountedPlace:
    """A place, in words, and how it is counted; customers do not see what is among agents."""

    name: str
    what: str
    count: Callable[[PersonCounts], PlaceCount]
    is_for_customers: bool = True

    def as_row(self, found: PlaceCount) -> dict[str, object]:
        """What is there, flat."""
        return {
            "place": self.name,
            "what": self.what,
            "rows": found.rows,
            "bytes": found.size_bytes,
        }


def _rows(count: Callable[[PersonCounts], int]) -> Callable[[PersonCounts], PlaceCount]:
    return lambda person: PlaceCount(count(person))


def _files(
    count: Callable[[PersonCounts], tuple[int, int]],
) -> Callable[[PersonCounts], PlaceCount]:
    return lambda person: PlaceCount(*count(person))


PLACES: tuple[CountedPlace, ...] = (
    CountedPlace("tickets", "their tickets", _rows(PersonCounts.tickets)),
    CountedPlace("messages", "what they wrote on them", _rows(lambda p: p.messages(own=True))),
    CountedPlace(
        "messages_elsewhere",
        "what they wrote on tickets that are others' by now",
        _rows(lambda p: p.messages(own=False)),
    ),
    CountedPlace(
        "answers", "what agents answered them", _rows(lambda p: p.answers(internal=False))
    ),
    CountedPlace(
        "internal_notes",
        "notes of agents on their tickets",
        _rows(lambda p: p.answers(internal=True)),
        is_for_customers=False,
    ),
    CountedPlace(
        "messages_of_others",
        "what other customers wrote, on their tickets by a merge",
        _rows(PersonCounts.messages_of_others),
        is_for_customers=False,
    ),
    CountedPlace("attachments", "files on their tickets", _files(PersonCounts.attachments)),
    CountedPlace(
        "attachments_elsewhere",
        "files on what they wrote elsewhere",
        _files(PersonCounts.attachments_elsewhere),
    ),
    CountedPlace(
        "archived_tickets", "their tickets in the archive", _rows(PersonCounts.archived_tickets)
    ),
    CountedPlace(
        "archived_messages", "messages on those, of whoever", _rows(PersonCounts.archived_messages)
    ),
    CountedPlace("archived_files", "files on those", _files(PersonCounts.archived_files)),
    CountedPlace(
        "archive_copies",
        "copies that the next run of the archive takes out of its bundles",
        _rows(PersonCounts.archive_copies),
    ),
    CountedPlace("users", "the copy of the auth service's user", _rows(PersonCounts.user_rows)),
    CountedPlace("vips", "the mark of a VIP", _rows(PersonCounts.vip_rows)),
    CountedPlace(
        "events",
        "events of their tickets in the outbox",
        _rows(lambda p: p.rows_of_tickets(outbox)),
    ),
    CountedPlace(
        "events_elsewhere",
        "events of what they wrote elsewhere",
        _rows(PersonCounts.events_elsewhere),
    ),
    CountedPlace(
        "idempotency",
        "answers kept by idempotency key",
        _rows(PersonCounts.answers_kept),
    ),
    CountedPlace("audit", "audit entries about them, ids only", _rows(PersonCounts.audit_entries)),
    CountedPlace("exports", "exports of their data that were made", _rows(PersonCounts.exports)),
    CountedPlace(
        "imports",
        "the other program's numbers of their tickets",
        _rows(lambda p: p.rows_of_tickets(imports)),
    ),
    CountedPlace("files", "marks on their files", _rows(lambda p: p.rows_of_tickets(files))),
    CountedPlace("uploads", "running uploads", _rows(lambda p: p.rows_of_tickets(uploads))),
    CountedPlace(
        "purges",
        "files of theirs to be removed for good",
        _rows(lambda p: p.rows_of_tickets(purges)),
    ),
    CountedPlace(
        "sla_breaches",
        "broken promises on their tickets",
        _rows(lambda p: p.rows_of_tickets(sla_breaches)),
        is_for_customers=False,
    ),
    CountedPlace(
        "sla_alarms",
        "when the SLA scan looks at their tickets",
        _rows(lambda p: p.rows_of_tickets(sla_alarms)),
        is_for_customers=False,
    ),
    CountedPlace(
        "other_programs",
        "rows of the service's queue and cache with their e-mail address",
        _rows(PersonCounts.rows_of_other_programs),
    ),
    CountedPlace(
        "held_as_agent", "tickets they hold as an agent", _rows(lambda p: p.as_agent()[0])
    ),
    CountedPlace(
        "messages_as_agent",
        "what they wrote as an agent",
        _rows(lambda p: p.as_agent()[1]),
    ),
)


def find_person(database: Database, user_id: int) -> list[dict[str, object]]:
    """What there is of a person, place by place, at one moment.

    Raises:
        NotFound: nothing anywhere.
    """
    with snapshot(database) as connection:
        person = PersonCounts(connection, user_id)
        shown = [p for p in PLACES if p.is_for_customers or not is_customers(connection)]
        found = [place.as_row(place.count(person)) for place in shown]
    if not any(row["rows"] for row in found):
        raise nothing_of(user_id)
    return found


def nothing_of(user_id: int) -> NotFound:
    """The answer when a person is not known at all."""
    return NotFound(
        f"nothing is stored about user {user_id}",
        hint="No user row, ticket, message or trace has this id.",
        user_id=user_id,
    )
