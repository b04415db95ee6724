"""The metadata of all tickets, a page at a time: what the keys are counted and changed on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, select

from savctl.domain.model.metadata import Metadata
from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import support_tickets
from savctl.persistence.sql import fetched, id_list, placeholder

_T = support_tickets.c
_QUERY = select(_T.id, _T.ticket_number, _T.metadata).where(_T.metadata.is_not(None))
_COLUMNS = "SELECT id, ticket_number, metadata FROM support_tickets"
_PAGE = 1_000
_LOOKED_AT = 20  # pages between two questions whether to stop


class StoredMetadata(NamedTuple):
    """What a ticket stores, not locked."""

    id: int
    ticket_number: str
    metadata: Metadata


def metadata_of_all(database: Database) -> Iterator[StoredMetadata]:
    """That of every ticket that has some, oldest first; each page is of its own moment."""
    after_id = 0
    while True:
        with database.reading() as connection:
            page = _page(connection, after_id, _PAGE)
        yield from page
        if not page:
            return
        after_id = page[-1].id


def newest_metadata(connection: Connection, *, limit: int) -> Iterator[StoredMetadata]:
    """That of the newest tickets."""
    rows = connection.execute(_QUERY.order_by(_T.id.desc()).limit(limit))
    return (StoredMetadata(*row) for row in rows)


def lock_metadata(connection: Connection, ids: Sequence[int]) -> list[StoredMetadata]:
    """That of these tickets, their rows locked in id order; no other column is read.

    Raises:
        ValueError: a text is not UTF-8, and would be another one when it was written back.
    """
    lock = "" if connection.dialect.name == "sqlite" else " FOR UPDATE"
    query = f"{_COLUMNS} WHERE id IN ({id_list(ids)}) ORDER BY id{lock}"
    rows = fetched(connection, query)
    return [StoredMetadata(row_id, number, read(text)) for row_id, number, text in rows]


def read(stored: str | bytes | None, *, errors: str = "strict") -> Metadata:
    """The value of a stored column, as the driver has it; SQLite holds bytes in it as well."""
    return Metadata.read(stored.decode(errors=errors) if isinstance(stored, bytes) else stored)


class MaybeWanted(NamedTuple):
    """The text that a ticket stores, not read yet; None where it names a key to be replaced."""

    id: int
    text: str | bytes | None


@dataclass(frozen=True, slots=True)
class MetadataWanted:
    """The tickets whose metadata `is_wanted`, or has `prefix` oftener than `current`, which is
    the prefix with a key's name.

    The server compares: the texts of tickets that are wanted are read once, under their locks.
    Where none is wanted for long, the last one looked at is answered: who works on them is asked
    now and then whether to stop.
    """

    prefix: str
    current: str
    is_wanted: Callable[[MaybeWanted], bool]

    def page(self, connection: Connection, *, after_id: int, limit: int) -> list[int]:
        """The next ids in order; memory holds one page of rows."""
        found: list[int] = []
        size = min(_PAGE, max(limit, _PAGE // 10))
        for _ in range(_LOOKED_AT):
            rows = self._rows(connection, after_id, size)
            if not rows:
                return found[:limit]
            after_id = rows[-1].id
            found += [row.id for row in rows if row.text is None or self.is_wanted(row)]
            if len(found) >= limit:
                break
        return found[:limit] or [after_id]

    def _rows(self, connection: Connection, after_id: int, size: int) -> list[MaybeWanted]:
        mark = placeholder(connection)
        without = f"LENGTH(metadata) - LENGTH(REPLACE(metadata, {mark}, ''))"
        oftener = f"({without}) * {len(self.current)} > ({without}) * {len(self.prefix)}"
        query = (
            f"SELECT id, CASE WHEN {oftener} THEN NULL ELSE metadata END FROM support_tickets "  # noqa: S608
            f"WHERE id > {after_id:d} AND metadata IS NOT NULL ORDER BY id LIMIT {size:d}"
        )
        values = (self.prefix, self.current)
        rows = connection.exec_driver_sql(query, values).cursor.fetchall()
        return [MaybeWanted(*row) for row in rows]


def _page(connection: Connection, after_id: int, limit: int) -> list[StoredMetadata]:
    query = _QUERY.where(_T.id > after_id).order_by(_T.id).limit(limit)
    return [StoredMetadata(*row) for row in connection.execute(query)]
