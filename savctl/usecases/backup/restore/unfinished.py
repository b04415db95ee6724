"""A restore in place that has begun and not ended, kept in the place of backups.

It survives the process and the database: the next run of the restore takes from it what was there
before, `doctor` reports it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from savctl.ports.backup_place import BackupPlace, NoSuchBackupFile

_LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedRestore:
    """Which backup replaces which database; `before` is the backup of what was there, if any."""

    database: str
    backup: str
    before: str | None


def find_unfinished(place: BackupPlace, database: str) -> UnfinishedRestore | None:
    """The restore of this database that did not end; None where there is none."""
    try:
        with place.read(_name(database)) as source:
            content = b"".join(iter(lambda: source.read(_LARGEST), b""))
        return UnfinishedRestore(**json.loads(content))
    except (NoSuchBackupFile, ValueError, TypeError):
        return None


def begin(place: BackupPlace, restore: UnfinishedRestore) -> None:
    """Write down that the database is about to be replaced."""
    with place.write(_name(restore.database)) as sink:
        sink.write(json.dumps(asdict(restore)).encode() + b"\n")


def end(place: BackupPlace, database: str) -> None:
    """The database is whole again."""
    place.remove(_name(database))


def _name(database: str) -> str:
    return f"restores/{hashlib.sha256(database.encode()).hexdigest()[:16]}.json"
