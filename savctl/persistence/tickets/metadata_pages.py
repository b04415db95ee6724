"""The metadata of all tickets, a page at a time: what the keys are counted and changed on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, select

from savctl.domain.model.metadata import Metadata
from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import support_tickets

_T = support_tickets.c
_QUERY = select(_T.id, _T.ticket_number, _T.metadata).where(_T.metadata.is_not(None))
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


@dataclass(frozen=True, slots=True)
class MetadataWanted:
    """The tickets whose metadata `is_wanted`.

    Where none is wanted for long, the last one looked at is answered: who works on them is asked
    now and then whether to stop.
    """

    is_wanted: Callable[[StoredMetadata], bool]

    def page(self, connection: Connection, *, after_id: int, limit: int) -> list[int]:
        """The next ids in order; memory holds one page of rows."""
        found: list[int] = []
        size = min(_PAGE, max(limit, _PAGE // 10))
        for _ in range(_LOOKED_AT):
            rows = _page(connection, after_id, size)
            if not rows:
                return found[:limit]
            after_id = rows[-1].id
            found += [row.id for row in rows if self.is_wanted(row)]
            if len(found) >= limit:
                break
        return found[:limit] or [after_id]


def _page(connection: Connection, after_id: int, limit: int) -> list[StoredMetadata]:
    query = _QUERY.where(_T.id > after_id).order_by(_T.id).limit(limit)
    return [StoredMetadata(*row) for row in connection.execute(query)]
