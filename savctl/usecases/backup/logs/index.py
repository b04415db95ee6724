"""The list of the binary logs that the place of backups has.

It is one file beside them, replaced whole behind each log: what it names is complete. A database
that is lost takes nothing of it along.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from savctl.domain.backup.binary_logs import CopiedLog
from savctl.domain.backup.sealing import SpoiledFile
from savctl.domain.clock import instant, micro_text
from savctl.ports.backup_place import BackupPlace, NoSuchBackupFile

FOLDER = "binlogs/"
INDEX = f"{FOLDER}index.json"
_TIMES = ("began_at", "covers_until")
_VERSION = 1


def read_index(place: BackupPlace) -> tuple[CopiedLog, ...]:
    """The logs, in the order of copying; none where none was copied.

    Raises:
        SpoiledFile: the list is not what was written.
    """
    try:
        with place.read(INDEX) as source:
            text = b"".join(iter(lambda: source.read(65_536), b""))
    except NoSuchBackupFile:
        return ()
    try:
        content = json.loads(text)
        return tuple(_log(item) for item in content["logs"])
    except (ValueError, KeyError, TypeError) as problem:
        raise SpoiledFile(
            f"{INDEX} is spoiled: {type(problem).__name__}",
            hint="Remove it and run 'savctl job run binlog-backup': what is copied then begins "
            "again.",
        ) from problem


def write_index(place: BackupPlace, logs: Sequence[CopiedLog]) -> None:
    """Replace the list."""
    content = {"version": _VERSION, "logs": [_item(log) for log in logs]}
    with place.write(INDEX) as sink:
        sink.write(json.dumps(content, indent=1).encode() + b"\n")


def _item(log: CopiedLog) -> dict[str, Any]:
    return {
        name: micro_text(value) if isinstance(value, datetime) else value
        for name, value in asdict(log).items()
    }


def _log(item: Mapping[str, Any]) -> CopiedLog:
    values = {**item, **{name: instant(item[name]) for name in _TIMES}}
    if None in [values[name] for name in _TIMES]:
        raise ValueError("a time is none")
    return CopiedLog(**values)
