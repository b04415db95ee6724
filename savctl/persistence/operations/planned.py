"""What a plan reads of tickets, a page at a time: nothing is locked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect

from savctl.domain.bulk.planned_ticket import PlannedTicket
from savctl.domain.clock import second_text
from savctl.domain.model.metadata import EMPTY
from savctl.persistence.tickets.guarded_rows import guarded_rows, rows_behind
from savctl.persistence.types import instant_of, metadata_of

_COLUMNS = ("id", "ticket_number", "user_id", "priority", "status", "assigned_to")
_USUAL = len("2025-10-03 10:30:00")


def planned_tickets(
    connection: Connection,
    ids: Sequence[int],
    conditions: Sequence[ColumnElement[bool]],
    *,
    has_metadata: bool,
) -> list[PlannedTicket]:
    """Those of these tickets that fit the conditions, in id order."""
    names = _names(connection, has_metadata=has_metadata)
    rows = guarded_rows(connection, names, ids, conditions, locks=False)
    return [_planned(row, connection.dialect, has_metadata=has_metadata) for row in rows]


def planned_page(
    connection: Connection, *, after_id: int, limit: int, has_metadata: bool
) -> list[PlannedTicket]:
    """The next tickets there are in id order, whoever may see them."""
    names = _names(connection, has_metadata=has_metadata)
    rows = rows_behind(connection, names, after_id=after_id, limit=limit)
    return [_planned(row, connection.dialect, has_metadata=has_metadata) for row in rows]


def _names(connection: Connection, *, has_metadata: bool) -> list[str]:
    # as text: the driver would make an instant of it, and the plan a text again
    is_text = connection.dialect.name == "sqlite"
    updated_at = "updated_at" if is_text else "CONCAT(updated_at)"
    return [*_COLUMNS, updated_at, *(["metadata"] if has_metadata else [])]


def _planned(row: Sequence[Any], dialect: Dialect, *, has_metadata: bool) -> PlannedTicket:
    metadata = metadata_of(row[7]) if has_metadata else EMPTY
    return PlannedTicket._make((*row[:6], _time(row[6], dialect), row[-1], metadata))


def _time(stored: Any, dialect: Dialect) -> str | None:
    """The time of a column as output shows it; None for a zero date and for what is none."""
    moment = instant_of(stored, dialect)
    if moment is None:
        return None
    if isinstance(stored, str) and len(stored) == _USUAL:  # spelt so already
        return f"{stored[:10]}T{stored[11:]}Z"
    return second_text(moment)
