"""Which tickets are asked for, as conditions of a query."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, and_, cast

from savctl.domain.model.ticket_filter import TicketFilter
from savctl.persistence.metadata_sql import metadata_has_breaches, metadata_list_has
from savctl.persistence.schema.tables import support_tickets

_T = support_tickets.c


def conditions(wanted: TicketFilter, dialect: str) -> list[ColumnElement[bool]]:
    """What a ticket must be, in the words of a database."""
    found: list[ColumnElement[bool]] = []
    if wanted.statuses:
        found.append(_any_of(_T.status, wanted.statuses))
    if wanted.priorities:
        found.append(_any_of(_T.priority, wanted.priorities))
    equal = {
        _T.user_id: wanted.user_id,
        _T.assigned_to: wanted.agent_id,
        _T.order_id: wanted.order_id,
    }
    found += [column == value for column, value in equal.items() if value is not None]
    if wanted.category is not None:
        found.append(_is_exactly(_T.category, wanted.category, dialect))
    if wanted.is_unassigned:
        found.append(_T.assigned_to.is_(None))
    found += _created_between(wanted)
    if wanted.tag is not None:
        found.append(metadata_list_has("tags", wanted.tag, dialect))
    if wanted.is_breached:
        found.append(metadata_has_breaches(dialect))
    return found


def _created_between(wanted: TicketFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.since is not None:
        yield _T.created_at >= wanted.since
    if wanted.until is not None:
        yield _T.created_at < wanted.until


def _any_of(column: ColumnElement[Any], values: tuple[str, ...]) -> ColumnElement[bool]:
    # `= one` keeps the index's own id order; `IN (one)` would be sorted again.
    return column == values[0] if len(values) == 1 else column.in_(values)


def _is_exactly(column: ColumnElement[Any], value: str, dialect: str) -> ColumnElement[bool]:
    """Equal byte for byte: collations take ß for ss, A for a, and a blank at the end for none."""
    if dialect == "sqlite":
        return column.collate("BINARY") == value
    # the first half is what an index of the column can answer
    return and_(column == value, cast(column, LargeBinary) == value.encode())
