"""Which object keys the database names: the one place that knows every table with keys in it.

An object whose key is named here is never removed as an orphan. A table that begins to name
objects joins `PLACES`; nothing else has to be told. Soft-deleted records keep their row in
`ticket_attachments`, and merged ones keep their key: nothing is inferred from a key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, LargeBinary, cast, func, select
from sqlalchemy import union_all as union_of_all

from savctl.persistence.engine import Database
from savctl.persistence.tables import ticket_attachments

PAGE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A table that names objects: its key to page by, the object's key and size, its ticket."""

    id: Column[Any]
    key: Column[Any]
    size: Column[Any]
    ticket: Column[Any] | ColumnElement[Any]


PLACES: tuple[Place, ...] = (
    Place(
        id=ticket_attachments.c.id,
        key=ticket_attachments.c.file_path,
        size=ticket_attachments.c.file_size,
        ticket=ticket_attachments.c.ticket_id,
    ),
)

# Key, size in bytes, the record's id, its ticket's id.
Named = tuple[str, int, int, int]


def highest_ids(database: Database) -> list[int]:
    """The highest record there is in each place: a record above it is a new one."""
    with database.reading() as connection:
        queries = (select(func.max(place.id)) for place in PLACES)
        return [connection.execute(query).scalar() or 0 for query in queries]


def named_keys(database: Database) -> Iterator[tuple[Place, list[Named]]]:
    """Every key that a record names, page by page in order of the records' ids.

    Pages are transactions of their own: what is written meanwhile may be missing here, which is
    why `still_named` is asked right before anything is removed.
    """
    for place in PLACES:
        after = 0
        while page := _page(database, place, after):
            yield place, page
            after = page[-1][2]


def still_named(connection: Connection, keys: Sequence[str]) -> frozenset[str]:
    """Those of the keys that a record names at this moment.

    No column with keys has an index, and nothing may be inferred from a key, so this looks at
    every record, once for all the keys: ask for many at a time. It is one statement, hence one
    moment: a record that moves from table to table is in one of them. The server compares bytes,
    as cheaply as its collation would be expensive, and Python compares once more.
    """
    if not keys:
        return frozenset()
    is_sqlite = connection.dialect.name == "sqlite"
    wanted = list(keys) if is_sqlite else [key.encode() for key in keys]
    parts = [
        select(place.key).where((place.key if is_sqlite else _bytes(place.key)).in_(wanted))
        for place in PLACES
    ]
    found = connection.execute(union_of_all(*parts) if len(parts) > 1 else parts[0]).scalars()
    return frozenset(keys).intersection(found)


def _page(database: Database, place: Place, after: int) -> list[Named]:
    query = (
        select(place.key, place.size, place.id, place.ticket)
        .where(place.id > after)
        .order_by(place.id)
        .limit(PAGE)
    )
    with database.reading() as connection:
        return list(connection.execute(query).cursor.fetchall())  # plain tuples


def _bytes(column: Column[Any]) -> ColumnElement[bytes]:
    return cast(column, LargeBinary)
