"""Whose rows an erasure is about, as SQL knows it: a person, what is gone, what a hold keeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, delete, func, or_, select

from savctl.domain.model.states import Status
from savctl.domain.privacy.erasure import Mode
from savctl.persistence.schema.tables import archived_tickets, support_tickets
from savctl.persistence.sql import chunks

_T, _A = support_tickets.c, archived_tickets.c
AT_ONCE = 1_000
OwnTable = Table  # for who knows no SQLAlchemy


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A person's tickets: here, in the archive, and those that the erasure removed by now.

    `kept` are tickets under legal hold, whosever they are; nothing on them counts. `deleted` and
    `anonymised` are those of the work list.
    """

    user_id: int
    mode: Mode = Mode.DELETE
    kept: frozenset[int] = frozenset()
    deleted: frozenset[int] = frozenset()
    anonymised: frozenset[int] = frozenset()

    @property
    def gone(self) -> frozenset[int]:
        """All of the work list."""
        return self.deleted | self.anonymised

    def own(self, *columns: Any) -> Select[Any]:
        """Their tickets that are here and may go."""
        query = select(*columns).where(_T.user_id == self.user_id)
        return query.where(_T.id.not_in(self.kept)) if self.kept else query

    def is_of_theirs(
        self, column: ColumnElement[Any], *, without_closed: bool = False
    ) -> ColumnElement[bool]:
        """Whether a column names a ticket of theirs, here or in the archive.

        `without_closed`: of those alone that the mode deletes.
        """
        own, archived = self.own(_T.id), select(_A.ticket_id).where(_A.user_id == self.user_id)
        if without_closed and self.mode is Mode.ANONYMISE:
            return column.in_(own.where(_T.status != str(Status.CLOSED)))
        return or_(column.in_(own), column.in_(archived))

    def count(
        self,
        connection: Connection,
        table: Table,
        *also: ColumnElement[bool],
        only_deleted: bool = False,
    ) -> int:
        """The rows of a table with a `ticket_id` that are of their tickets."""
        column = table.c.ticket_id
        theirs = self.is_of_theirs(column, without_closed=only_deleted)
        found = _count(connection, table, theirs, *also)
        for some in self._parts(only_deleted=only_deleted):
            found += _count(connection, table, column.in_(some), *also)
        return found

    def parts(self, *, only_deleted: bool = False) -> Iterator[list[int]]:
        """The tickets of the work list, so many at once that a statement takes them."""
        yield from self._parts(only_deleted=only_deleted)

    def _parts(self, *, only_deleted: bool) -> Iterator[list[int]]:
        yield from chunks(sorted(self.deleted if only_deleted else self.gone), AT_ONCE)


def delete_of(connection: Connection, table: Table, ticket_ids: Sequence[int]) -> int:
    """Delete the rows of these tickets; answers how many there were."""
    wanted = delete(table).where(table.c.ticket_id.in_(ticket_ids))
    return int(connection.execute(wanted).rowcount)


def _count(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(table).where(and_(*conditions))
    return int(connection.execute(query).scalar_one())
