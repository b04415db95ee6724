"""Rows of backups: made, proven, gone (rules 17)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from savctl.persistence.schema.tables import backups

_B = backups.c


class BackupKind(StrEnum):
    """What a backup holds."""

    DUMP = "dump"
    BINLOG = "binlog"
    MIRROR = "mirror"
    DRILL = "drill"  # the report of a rehearsal, no backup


class BackupState(StrEnum):
    """What is known of a backup: `unproven` until it was restored once (settled 28)."""

    UNPROVEN = "unproven"
    OK = "ok"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupRecord:
    """One backup; `bytes` is what it takes in its place, `details` JSON of its kind."""

    id: str
    kind: str
    state: str
    made_at: datetime
    verified_at: datetime | None
    bytes: int
    place: str
    details: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupAges:
    """What metrics and `doctor` watch; a kind without a backup is not in the mappings."""

    last_success: Mapping[str, datetime]
    last_proven: datetime | None
    bytes_by_kind: Mapping[str, int]


_NAMES = tuple(field.name for field in fields(BackupRecord))


def store(connection: Connection, record: BackupRecord) -> None:
    """Write a backup down, or what is known of it now."""
    remove(connection, record.id)
    connection.execute(insert(backups).values(**asdict(record)))


def find(connection: Connection, backup_id: str) -> BackupRecord | None:
    """The one of this id."""
    row = connection.execute(select(backups).where(_B.id == backup_id)).first()
    return None if row is None else _record(row)


def of_kind(connection: Connection, kind: BackupKind) -> Sequence[BackupRecord]:
    """All of a kind, the newest first."""
    query = select(backups).where(_B.kind == str(kind)).order_by(_B.made_at.desc(), _B.id.desc())
    return [_record(row) for row in connection.execute(query)]


def judge(connection: Connection, backup_id: str, state: BackupState, *, at: datetime) -> None:
    """Write down what a verification found."""
    changed = {"state": str(state), "verified_at": at}
    connection.execute(update(backups).where(_B.id == backup_id).values(**changed))


def remove(connection: Connection, backup_id: str) -> None:
    """Forget a backup that is gone."""
    connection.execute(delete(backups).where(_B.id == backup_id))


def ages(connection: Connection) -> BackupAges:
    """When each kind was made last, and when a dump was proven last."""
    made = select(_B.kind, func.max(_B.made_at), func.sum(_B.bytes)).group_by(_B.kind)
    made = made.where(_B.kind != str(BackupKind.DRILL))
    found = connection.execute(made).all()
    proven = select(func.max(_B.verified_at)).where(
        _B.kind == str(BackupKind.DUMP), _B.state == str(BackupState.OK)
    )
    return BackupAges(
        last_success={kind: at for kind, at, _ in found},
        last_proven=connection.execute(proven).scalar_one(),
        bytes_by_kind={kind: int(size) for kind, _, size in found},
    )


def newest_states(connection: Connection) -> Mapping[str, str]:
    """The state of the newest row of each kind."""
    newest = select(_B.kind, func.max(_B.made_at).label("at")).group_by(_B.kind).subquery()
    theirs = select(_B.kind, _B.state).join_from(
        newest, backups, (_B.kind == newest.c.kind) & (_B.made_at == newest.c.at)
    )
    return {row.kind: row.state for row in connection.execute(theirs.order_by(_B.kind, _B.id))}


def _record(row: Any) -> BackupRecord:
    return BackupRecord(**{name: getattr(row, name) for name in _NAMES})
