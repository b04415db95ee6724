"""A ticket from another program's file: what a row must hold, and what is written of it.

The times a ticket lived through come from the file, or all are now. A row whose status and stamps
do not agree is made consistent where nothing is lost but a stamp; where it cannot be, it is
refused, with the reason for the person who mends the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from savctl.domain import text
from savctl.domain.clock import second_text
from savctl.domain.imports.kept_times import kept_times, times_of_now
from savctl.domain.imports.row_fields import (
    choice,
    identifier,
    optional_line,
    required,
    text_field,
)
from savctl.domain.imports.strict_json import strict_json
from savctl.domain.imports.timestamp_formats import Stamps
from savctl.domain.model.imported_links import set_aside
from savctl.domain.model.metadata import EMPTY, Metadata
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.policy import Policies
from savctl.domain.tickets import lifecycle
from savctl.domain.tickets.decision import Decision
from savctl.errors import InvalidInput

EXTERNAL_ID_CHARACTERS = 191
SOURCE_CHARACTERS = 64

Clean = Callable[[str], str]

_WORK = (Status.IN_PROGRESS, Status.WAITING_CUSTOMER)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportContext:
    """How rows become tickets: read as of `now`, by whom, from which file.

    `keeps_times` takes created_at, updated_at, resolved_at and closed_at from the row; `clean`
    makes HTML harmless (rules 11.6).
    """

    now: datetime
    source: str
    stamps: Stamps
    clean: Clean
    keeps_times: bool = False
    by: int | None = None
    publishes: bool = False
    policies: Policies | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A row that makes a ticket, and what had to be put right in it."""

    external_id: str
    decision: Decision
    remarks: tuple[str, ...] = ()
    brings_number: bool = False


def parse_imported(
    row: Mapping[str, object], extra: Mapping[str, object], *, number: str, terms: ImportContext
) -> Incoming:
    """The ticket that a row's fields make; `extra` are members for its metadata.

    `number` is taken where the row brings none.

    Raises:
        InvalidInput: with the reason, in words for the list of bad rows.
    """
    status = choice(row, "status", Status, Status.OPEN)
    remarks: list[str] = []
    agent = _agent(row, status, remarks)
    external_id = _external_id(row)
    given = optional_line(row, "ticket_number")
    ticket = Ticket(
        id=0,
        ticket_number=given or number,
        user_id=required(identifier(row, "user_id"), "user_id"),
        subject=text.line("subject", text_field(row, "subject")),
        description=_description(row, terms.clean, remarks),
        priority=choice(row, "priority", Priority, Priority.MEDIUM),
        status=status,
        category=optional_line(row, "category"),
        assigned_to=agent,
        order_id=identifier(row, "order_id"),
        metadata=_metadata(row, extra, external_id, terms),
        **_times(row, status, terms, remarks),
    )
    decision = lifecycle.import_ticket(
        ticket,
        by=terms.by,
        now=terms.now,
        reason=f"imported from {terms.source}",
        publishes=terms.publishes,
        policies=terms.policies,
    )
    return Incoming(external_id, decision, tuple(remarks), given is not None)


def renumbered(row: Incoming, number: str) -> Incoming:
    """The same row under another ticket number: the one drawn for it exists already."""
    decision = row.decision
    renamed = replace(
        decision,
        ticket=decision.ticket.changed(ticket_number=number),
        events=tuple(replace(event, ticket_number=number) for event in decision.events),
    )
    return replace(row, decision=renamed)


def external_id_of(given: object) -> str | None:
    """The other program's name for a row, or None."""
    if given is None or isinstance(given, bool | float | dict | list):
        return None
    found = str(given).strip()
    return found or None


def _external_id(row: Mapping[str, object]) -> str:
    found: str = required(external_id_of(row.get("external_id")), "external_id")
    text.line("external_id", found)
    if len(found) > EXTERNAL_ID_CHARACTERS:
        raise InvalidInput(
            f"external_id has {len(found)} characters; at most {EXTERNAL_ID_CHARACTERS} fit"
        )
    return found


def _agent(row: Mapping[str, object], status: Status, remarks: list[str]) -> int | None:
    agent = identifier(row, "assigned_to")
    if status in _WORK and agent is None:
        raise InvalidInput(f"status is {status}, which needs an agent, and assigned_to is empty")
    if status is Status.OPEN and agent is not None:
        remarks.append(f"assigned_to {agent} left out: an open ticket has no agent")
        return None
    return agent


def _description(row: Mapping[str, object], clean: Clean, remarks: list[str]) -> str:
    given = text.body("description", text_field(row, "description"))
    if "<" not in given:
        return given
    cleaned = text.body("description", clean(given))
    if cleaned != given:
        remarks.append("description: its HTML was cleaned")
    return cleaned


def _metadata(
    row: Mapping[str, object], extra: Mapping[str, object], external_id: str, terms: ImportContext
) -> Metadata:
    members = {
        **set_aside(_object(row.get("metadata"))),
        **{k: v for k, v in extra.items() if v is not None},
    }
    if "history" in members:
        members["imported_history"] = members.pop("history")
    members["imported"] = {
        "source": terms.source,
        "external_id": external_id,
        "at": second_text(terms.now),
    }
    return EMPTY.with_members(**members)


def _object(given: object) -> dict[str, object]:
    value = strict_json(given, "metadata") if isinstance(given, str) else given
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidInput("metadata is not a JSON object")
    return value


def _times(
    row: Mapping[str, object], status: Status, terms: ImportContext, remarks: list[str]
) -> dict[str, Any]:
    if not terms.keeps_times:
        return times_of_now(status, terms.now)
    return kept_times(row, status, stamps=terms.stamps, now=terms.now, remarks=remarks)
