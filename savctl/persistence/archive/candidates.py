"""Which closed tickets are old enough: pages of ids, by keyset; a superset, the rule decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    LargeBinary,
    Select,
    String,
    case,
    cast,
    func,
    or_,
    select,
    type_coerce,
)

from savctl.domain.model.metadata import Metadata
from savctl.domain.model.states import Status
from savctl.persistence.schema.tables import files, support_tickets

_T = support_tickets.c
_TEXT = type_coerce(_T.metadata, String)


@dataclass(frozen=True, slots=True)
class Old:
    """Tickets closed until a moment; with `undated` also those without a closing time."""

    closed_by: datetime
    undated: bool = True

    def page(self, connection: Connection, *, after_id: int, limit: int) -> list[int]:
        """The next ids in order."""
        return [row.id for row in connection.execute(self._ids(after_id).limit(limit))]

    def standings(
        self, connection: Connection, *, after_id: int, limit: int
    ) -> list[ArchiveCandidate]:
        """The next ones in order; of their metadata only what may be about a hold or a
        restoration, because it is most of a row and is rarely needed here."""
        # bytes: a search that knows characters takes as long as all the rest
        is_sqlite = connection.dialect.name == "sqlite"
        text = _TEXT if is_sqlite else cast(_TEXT, LargeBinary)
        speaks = or_(func.instr(text, "legal_hold") > 0, func.instr(text, "restored") > 0)
        query = self._ids(after_id).limit(limit)
        query = query.add_columns(
            _T.ticket_number,
            _T.closed_at,
            case((speaks, _T.metadata)).label("metadata"),
        )
        return [_standing(row) for row in connection.execute(query).all()]

    def count(self, connection: Connection, *, after_id: int = 0, up_to: int | None = None) -> int:
        """How many there are behind an id; counting stops at `up_to`."""
        ids = self._ids(after_id)
        ids = ids if up_to is None else ids.limit(up_to)
        counted = select(func.count()).select_from(ids.subquery())
        return int(connection.execute(counted).scalar_one())

    def _ids(self, after_id: int) -> Select[tuple[int]]:
        is_old = _T.closed_at <= self.closed_by
        condition = or_(is_old, _T.closed_at.is_(None)) if self.undated else is_old
        query = select(_T.id).where(_T.status == str(Status.CLOSED), condition).order_by(_T.id)
        query = query.where(_T.id > after_id) if after_id else query
        # as in candidates.py: the index of the status is in the order of ids already
        return query.with_hint(support_tickets, "IGNORE INDEX (PRIMARY)", "mysql")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveCandidate:
    """A candidate; `metadata` is empty unless it is about a hold or a restoration."""

    id: int
    number: str
    status: Status
    closed_at: datetime | None
    metadata: Metadata


def _standing(row: Any) -> ArchiveCandidate:
    return ArchiveCandidate(
        id=row.id,
        number=row.ticket_number,
        status=Status.CLOSED,
        closed_at=row.closed_at,
        metadata=row.metadata,
    )


def unpurged(connection: Connection, ticket_ids: Sequence[int]) -> frozenset[int]:
    """Those of the tickets that have a deleted file which is not gone for good yet."""
    query = select(files.c.ticket_id).where(
        files.c.deleted_at.is_not(None), files.c.ticket_id.in_(list(ticket_ids))
    )
    return frozenset(connection.execute(query).scalars())
