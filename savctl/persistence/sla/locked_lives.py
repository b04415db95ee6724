"""Locked tickets of which a scan needs the life alone, and of few the ticket as well."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect

from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.plain_life import CountedRow, PlainLife, plain_life
from savctl.persistence.tickets.tickets import WORDLESS, driver_ticket, locked_rows
from savctl.persistence.types import instant_of

_ID, _CREATED, _UPDATED = map(WORDLESS.index, ("id", "created_at", "updated_at"))
_counted = itemgetter(
    *[WORDLESS.index(name) for name in CountedRow._fields if name != "created_at"]
)


class LockedRow(NamedTuple):
    """A locked row in the driver's own words."""

    row: Sequence[Any]
    dialect: Dialect

    @property
    def id(self) -> int:
        """The ticket's id."""
        found: int = self.row[_ID]
        return found

    @property
    def updated_at(self) -> datetime | None:
        """When the row says that it was changed."""
        return instant_of(self.row[_UPDATED], self.dialect)

    def life(self) -> PlainLife | None:
        """What its history proves, None where that is not everything."""
        born = instant_of(self.row[_CREATED], self.dialect)
        return plain_life(CountedRow._make((*_counted(self.row), born)))

    def ticket(self) -> Ticket:
        """The ticket, without its words."""
        return driver_ticket(self.row, self.dialect, has_words=False)


def lock_rows(connection: Connection, ids: Sequence[int]) -> list[LockedRow]:
    """These tickets, locked in id order; those that somebody else holds locked are left out.

    For a batch that looks at many and changes few, and names those to the unit of work.
    """
    rows = locked_rows(connection, WORDLESS, sorted(ids), skip_locked=True) if ids else ()
    return [LockedRow(row, connection.dialect) for row in rows]
