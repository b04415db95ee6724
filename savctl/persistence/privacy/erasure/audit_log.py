"""Entries of the audit about persons' data: exports and holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from savctl.persistence.schema.tables import audit

_A = audit.c
_COLUMNS = (_A.id, _A.at, _A.actor, _A.action, _A.entry)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry; `entry` is its JSON."""

    id: int
    at: datetime
    actor: int | None
    action: str
    entry: str


def of_actions(connection: Connection, actions: Sequence[str]) -> list[AuditEntry]:
    """All entries of these actions, oldest first."""
    query = select(*_COLUMNS).where(_A.action.in_(list(actions))).order_by(_A.id)
    return [AuditEntry(*row) for row in connection.execute(query)]


def by_id(connection: Connection, entry_id: int) -> AuditEntry | None:
    """The entry of this id."""
    row = connection.execute(select(*_COLUMNS).where(_A.id == entry_id)).first()
    return None if row is None else AuditEntry(*row)
