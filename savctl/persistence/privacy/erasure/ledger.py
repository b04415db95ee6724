"""Erasures: asked for, under way, done (rules 16.2, 16.6)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, insert, select, update

from savctl.domain.privacy.erasure import ErasureState
from savctl.persistence.schema.tables import erasures

_E = erasures.c


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredErasure:
    """One erasure, from its request on; `person` is a pseudonym.

    `user_id` is None once it is done or cancelled. `bundles` is a JSON list of digests,
    `certificate` the JSON of it, `mac` its keyed digest.
    """

    id: str
    person: str
    key_id: str
    user_id: int | None
    state: str
    source: str
    mode: str | None
    except_held: bool
    reason: str | None
    actor: int | None
    requested_at: datetime
    due_at: datetime
    confirmed_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    rounds: int
    bundles: str | None
    certificate: str | None
    mac: str | None


_NAMES = tuple(field.name for field in fields(StoredErasure))


class Erasures:
    """The erasures of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, **values: Any) -> StoredErasure:
        """A new one; its id is that of the certificate."""
        new_id = f"er-{uuid4().hex}"
        self._connection.execute(insert(erasures).values(id=new_id, **values))
        return self.get(new_id)

    def get(self, erasure_id: str) -> StoredErasure:
        """One that is there."""
        found = self.find(erasure_id)
        if found is None:
            raise RuntimeError(f"the erasure {erasure_id} is gone")
        return found

    def find(self, erasure_id: str) -> StoredErasure | None:
        """The one of this id."""
        row = self._connection.execute(select(erasures).where(_E.id == erasure_id)).first()
        return None if row is None else _erasure(row)

    def newest(
        self, persons: Collection[str], states: Collection[ErasureState]
    ) -> StoredErasure | None:
        """A person's newest one in one of these states; `persons` are all their pseudonyms."""
        query = (
            select(erasures)
            .where(_E.person.in_(persons), _E.state.in_([str(one) for one in states]))
            .order_by(_E.requested_at.desc(), _E.started_at.desc())
        )
        row = self._connection.execute(query.limit(1)).first()
        return None if row is None else _erasure(row)

    def in_states(self, states: Collection[ErasureState]) -> list[StoredErasure]:
        """All in these states, those due first."""
        query = select(erasures).where(_E.state.in_([str(one) for one in states]))
        rows = self._connection.execute(query.order_by(_E.due_at, _E.id))
        return [_erasure(row) for row in rows]

    def change(self, erasure_id: str, **values: Any) -> None:
        """Move one on."""
        self._connection.execute(update(erasures).where(_E.id == erasure_id).values(**values))


def _erasure(row: Any) -> StoredErasure:
    return StoredErasure(**{name: getattr(row, name) for name in _NAMES})


def started(connection: Connection) -> Sequence[StoredErasure]:
    """Every erasure that destroyed something, oldest first."""
    query = select(erasures).where(_E.started_at.is_not(None)).order_by(_E.started_at, _E.id)
    return [_erasure(row) for row in connection.execute(query)]
