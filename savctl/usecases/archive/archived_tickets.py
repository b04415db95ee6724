"""Archived tickets out of the bundles, as the database would answer them (docs/archive.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import Any

from savctl.domain.clock import instant
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.message_origins import kept_answer, moved_ids
from savctl.errors import Unavailable
from savctl.persistence.archive import bundles, index
from savctl.persistence.archive.index import Archived
from savctl.persistence.archive.ticket_snapshot import TicketSnapshot
from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import support_tickets
from savctl.persistence.tickets.tickets import to_ticket
from savctl.usecases.archive.cold_storage import ColdStorage, Damaged
from savctl.usecases.archive.lines import digest_of, whole_of

Record = dict[str, Any]
_TIMES = ("resolved_at", "closed_at", "read_at", "deleted_at", "created_at", "updated_at")
_NO_SENDER = {"sender_type": None, "sender_id": None, "is_internal": None}


@dataclass(frozen=True)
class ArchivedTicket:
    """An archived ticket with its rows as a database would answer them."""

    whole: TicketSnapshot

    @cached_property
    def ticket(self) -> Ticket:
        """The ticket; other programs' columns are left out."""
        row = _timed(self.whole.ticket)
        row["metadata"] = Metadata.read(row["metadata"])
        return to_ticket([row[column.name] for column in support_tickets.columns])

    @cached_property
    def messages(self) -> list[Record]:
        """The conversation in the order it was written."""
        rows = [_timed(row) for row in self.whole.messages]
        return sorted(rows, key=_when)

    @cached_property
    def answered_at(self) -> datetime | None:
        """When an agent first wrote publicly, as `Messages.first_answers` finds it."""
        metadata = self.ticket.metadata
        moved = moved_ids(metadata)
        times = [kept_answer(metadata)]
        times += [
            instant(row["created_at"])
            for row in self.whole.messages
            if row["sender_type"] == "agent" and not row["is_internal"] and row["id"] not in moved
        ]
        return min((at for at in times if at is not None), default=None)

    @cached_property
    def attachments(self) -> list[Record]:
        """The attachment records, each with its mark of deletion and whose message it hangs on."""
        messages = {row["id"]: row for row in self.whole.messages}
        marks = {row["attachment_id"]: row["deleted_at"] for row in self.whole.files}
        found = []
        for row in sorted(self.whole.attachments, key=lambda row: int(row["id"])):
            message = messages.get(row["message_id"], _NO_SENDER)
            sender = {name: message[name] for name in _NO_SENDER}
            found.append(_timed({**row, "deleted_at": marks.get(row["id"]), **sender}))
        return found

    def written_by(self, user_id: int) -> Iterator[tuple[Record, list[Record]]]:
        """What a customer wrote on it, each with its attachment records."""
        number = self.ticket.ticket_number
        for row in self.messages:
            if (row["sender_type"], row["sender_id"]) == ("customer", user_id):
                hung = [one for one in self.attachments if one["message_id"] == row["id"]]
                yield {**row, "ticket_number": number}, hung


class ArchivedTickets:
    """Tickets out of cold storage, a bundle read once for all that are wanted of it."""

    def __init__(self, database: Database, cold: ColdStorage) -> None:
        self._database = database
        self._cold = cold

    def whole(self, wanted: Sequence[Archived]) -> Iterator[ArchivedTicket]:
        """These tickets, bundle by bundle.

        Raises:
            Damaged: a bundle does not hold what was written.
            Unavailable: a ticket was moved meanwhile.
        """
        by_bundle = sorted(wanted, key=lambda one: (one.bundle_id, one.ticket_id))
        for bundle_id, group in groupby(by_bundle, key=lambda one: one.bundle_id):
            left = {one.ticket_id: one for one in group}
            try:
                yield from self._picked(bundle_id, left)
            except Damaged:
                self._require_unmoved(left)
                raise
            if left:
                self._require_unmoved(left)
                numbers = ", ".join(one.ticket_number for one in left.values())
                raise Damaged(
                    f"bundle {bundle_id}",
                    f"does not hold {numbers} as it was written",
                    hint="Run 'savctl archive verify'; a backup of the bucket has the object.",
                )

    def _picked(self, bundle_id: int, left: dict[int, Archived]) -> Iterator[ArchivedTicket]:
        """Those of a bundle's tickets, which are then left no more."""
        with self._database.reading() as connection:
            bundle = bundles.find(connection, bundle_id)
        if bundle is None:
            return
        for ticket_id, line in self._cold.tickets(bundle.key, raw_bytes=bundle.raw_bytes):
            if ticket_id in left and digest_of(line) == left[ticket_id].line_sha256:
                del left[ticket_id]
                yield ArchivedTicket(whole_of(line))
                if not left:
                    return

    def _require_unmoved(self, left: dict[int, Archived]) -> None:
        """Pass when the index still has them."""
        with self._database.reading() as connection:
            now = {one.ticket_id: one for one in index.by_ids(connection, sorted(left))}
        if any(now.get(ticket_id) != one for ticket_id, one in left.items()):
            raise moved()


def moved() -> Unavailable:
    """The error when something has moved meanwhile."""
    return Unavailable(
        "tickets were merged, archived or restored while they were read", hint="Try again."
    )


def _timed(row: Record) -> Record:
    """The row with its times as instants."""
    return {name: instant(v) if name in _TIMES else v for name, v in row.items()}


def _when(row: Record) -> tuple[bool, Any, int]:
    """Conversations are in order of time; one that another program left empty comes first."""
    at = row["created_at"]
    return (at is not None, at or 0, int(row["id"]))
