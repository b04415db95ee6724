"""Orphans on the work list of `savctl_purges`: written before an object is hidden (rules 7.5).

The intent is committed first, so whatever is hidden has a row that will end in its purge, or
in its return: a key that a record names again is unhidden and leaves the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from savctl.domain.files.file_names import key_digest
from savctl.persistence.bulk import delete_in, insert_rows, rows_in
from savctl.persistence.engine import Database
from savctl.persistence.files.purge_queue import PurgeReason
from savctl.persistence.paging import pages
from savctl.persistence.schema.tables import purges
from savctl.persistence.types import time_text

ORPHAN = str(PurgeReason.ORPHAN)

_P = purges.c
_PAGE = 1_000
_COLUMNS = ("key_digest", "object_key", "reason", "size_bytes", "due_at", "run_id", "created_at")


def listed_as(connection: Connection, keys: Sequence[str]) -> Mapping[str, str]:
    """Those of the keys that are on the list already, each with its reason.

    A claimed one is being purged at this moment, or was when its job died.
    """
    digests = {key_digest(key): key for key in keys}
    columns = ("key_digest", "reason", "claimed_at")
    found = rows_in(connection, purges, columns, list(digests)) if keys else []
    return {
        digests[digest]: reason if claimed_at is None else f"{reason}, begun"
        for digest, reason, claimed_at in found
    }


def intend(
    connection: Connection,
    sizes: Mapping[str, int],
    *,
    at: datetime,
    due_at: datetime,
    run_id: int | None,
) -> None:
    """Put orphans on the list, not hidden yet; one that is there already starts anew."""
    withdraw(connection, list(sizes))
    due, now = time_text(due_at, fsp=6), time_text(at, fsp=6)
    rows = [(key_digest(key), key, ORPHAN, size, due, run_id, now) for key, size in sizes.items()]
    insert_rows(connection, purges, _COLUMNS, rows)


def note_hidden(
    connection: Connection, keys: Sequence[str], *, at: datetime, due_at: datetime
) -> None:
    """Write down that orphans are hidden; from now they are kept until `due_at`."""
    connection.execute(
        update(purges)
        .where(_P.key_digest.in_([key_digest(key) for key in keys]), _P.reason == ORPHAN)
        .values(hidden_at=at, due_at=due_at)
    )


def withdraw(connection: Connection, keys: Sequence[str]) -> None:
    """Take orphans off the list; keys that are on it for another reason stay."""
    ours = [digest for digest, _ in _with_reason(connection, [key_digest(key) for key in keys])]
    delete_in(connection, purges, "key_digest", ours)


def pending(database: Database) -> Iterator[list[str]]:
    """The keys of all orphans on the list, page by page."""
    return _pages(database, only_unsettled=False)


def unsettled(database: Database) -> Iterator[list[str]]:
    """Those whose run ended before it could record whether they are hidden."""
    return _pages(database, only_unsettled=True)


def _with_reason(connection: Connection, digests: Sequence[str]) -> list[Any]:
    if not digests:
        return []
    return rows_in(connection, purges, ("key_digest", "id"), digests, reason=ORPHAN)


def _pages(database: Database, *, only_unsettled: bool) -> Iterator[list[str]]:
    query = select(_P.id, _P.object_key).where(_P.reason == ORPHAN, _P.claimed_at.is_(None))
    if only_unsettled:
        query = query.where(_P.hidden_at.is_(None))

    def read(after: int, count: int) -> Sequence[Any]:
        with database.reading() as connection:
            found = query.where(_P.id > after).order_by(_P.id).limit(count)
            return connection.execute(found).all()

    for page in pages(read, lambda row: row.id, after=0, size=_PAGE):
        yield [row.object_key for row in page]
