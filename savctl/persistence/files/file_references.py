"""Who names an object: the one place that decides whether it may be removed (rules 7.2, 7.5).

It knows every table with keys in it. A table that begins to name objects joins `PLACES`; nothing
else has to be recorded. Soft-deleted records keep their row in `ticket_attachments`, and those of
merged tickets keep their key: nothing is inferred from a key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    cast,
    func,
    literal,
    select,
    union_all,
)

from savctl.persistence.engine import Database
from savctl.persistence.files.attachments import Attachments
from savctl.persistence.files.uploads import UploadRecords
from savctl.persistence.paging import pages
from savctl.persistence.schema.tables import archived_files, purges, ticket_attachments
from savctl.persistence.sql import chunks

PAGE = 10_000
_AT_ONCE = 1_000  # keys in one query


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencingTable:
    """A table whose records name objects: their id, the object's key and size, their ticket."""

    name: str
    id: Column[Any]
    key: Column[Any]
    size: Column[Any]
    ticket: Column[Any]


PLACES: tuple[ReferencingTable, ...] = (
    ReferencingTable(
        name="attachment",
        id=ticket_attachments.c.id,
        key=ticket_attachments.c.file_path,
        size=ticket_attachments.c.file_size,
        ticket=ticket_attachments.c.ticket_id,
    ),
    ReferencingTable(
        name="archived attachment",
        id=archived_files.c.attachment_id,
        key=archived_files.c.object_key,
        size=archived_files.c.size_bytes,
        ticket=archived_files.c.ticket_id,
    ),
)

# Key, size in bytes, the record's id, its ticket's id.
Named = tuple[str, int, int, int]


def named(connection: Connection, keys: Collection[str]) -> dict[str, str]:
    """Which of these keys are named, byte for byte, and by what; the others are free.

    Live, soft-deleted and archived records count, and uploads under way. No column with keys has
    an index, so it looks at every record: ask for hundreds of keys at once, and before any lock
    is taken. One statement is one moment: a record that moves between tables is in one of them.
    """
    found = dict.fromkeys(UploadRecords(connection).under_way(keys), "a running upload")
    wanted = sorted(keys)
    for some in chunks(wanted, _AT_ONCE):
        found |= _records_naming(connection, some)
    return found


def named_anew(
    connection: Connection, ticket_ids: Collection[int], keys: Collection[str]
) -> dict[str, str]:
    """Which keys were named since `named` was asked; the rows of the tickets are locked.

    A key can only be named anew by an upload to the ticket that it was made for, and an upload
    locks that ticket's row before it begins and before it is recorded.
    """
    found = dict.fromkeys(UploadRecords(connection).under_way(keys), "a running upload")
    found |= dict.fromkeys(Attachments(connection).naming_of(ticket_ids, keys), "a new record")
    return found


def highest_ids(database: Database) -> list[int]:
    """The highest record there is in each place: a record above it is a new one."""
    with database.reading() as connection:
        queries = (select(func.max(place.id)) for place in PLACES)
        return [connection.execute(query).scalar() or 0 for query in queries]


def names_any(database: Database) -> bool:
    """Whether any record names an object, or one is on the list of what is to be purged."""
    if any(highest_ids(database)):
        return True
    with database.reading() as connection:
        return connection.execute(select(purges.c.id).limit(1)).first() is not None


def named_keys(database: Database) -> Iterator[tuple[ReferencingTable, Sequence[Named]]]:
    """Every key that a record names, page by page in order of the records' ids.

    Pages are transactions of their own: what is written meanwhile may be missing here, which is
    why `named` is asked right before anything is removed.
    """
    for place in PLACES:
        for page in pages(partial(_page, database, place), itemgetter(2), after=0, size=PAGE):
            yield place, page


def _records_naming(connection: Connection, keys: list[str]) -> dict[str, str]:
    """The server compares bytes, as its collation takes A for a and é for e; so does Python."""
    is_sqlite = connection.dialect.name == "sqlite"
    wanted = keys if is_sqlite else [key.encode() for key in keys]
    parts = [
        select(place.key, place.id, literal(place.name)).where(
            (place.key if is_sqlite else _bytes(place.key)).in_(wanted)
        )
        for place in PLACES
    ]
    rows = connection.execute(union_all(*parts) if len(parts) > 1 else parts[0])
    exact = set(keys)
    return {key: f"{name} {record_id}" for key, record_id, name in rows if key in exact}


def _bytes(column: Column[Any]) -> ColumnElement[bytes]:
    return cast(column, LargeBinary)


def _page(database: Database, place: ReferencingTable, after: int, count: int) -> list[Named]:
    query = (
        select(place.key, place.size, place.id, place.ticket)
        .where(place.id > after)
        .order_by(place.id)
        .limit(count)
    )
    with database.reading() as connection:
        return list(connection.execute(query).cursor.fetchall())  # plain tuples
