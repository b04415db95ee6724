"""Backups under `doctor`: made, proven, and whether the next one will work (rules 17)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from savctl.errors import SavError
from savctl.persistence.backups import records, schemas
from savctl.persistence.backups.records import BackupKind, BackupState
from savctl.ports.backup_place import BackupPlace
from savctl.ports.dump_client import DumpClient
from savctl.usecases.database.status import status
from savctl.usecases.doctor.checks import Check, CheckLevel, CheckResult, Environment

_MADE_WITHIN = timedelta(hours=26)  # one missed night
_PROVEN_WITHIN = timedelta(days=8)
_NAMED = 3  # spoiled backups
_ROOM = 1.2  # of the size of the last one


class BegunRestore(Protocol):
    """Which backup was to replace the database, and which one holds its content before."""

    @property
    def backup(self) -> str:
        """The id."""
        ...

    @property
    def before(self) -> str | None:
        """The id; None where none was made."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedBackups:
    """The place and what it is compared with; `data` are folders that hold the data itself.

    `unfinished` answers the restore of a database, by its name, that began and did not end.
    """

    place: Callable[[], BackupPlace] | None
    client: Callable[[], DumpClient]
    data: tuple[Path, ...] = ()
    data_buckets: tuple[str, ...] = ()
    home: Path = field(default=Path("/nonexistent"))
    unfinished: Callable[[BackupPlace, str], BegunRestore | None] = lambda _, __: None


def dumps(watched: WatchedBackups) -> Mapping[str, Check]:
    """The checks of the line `backup`."""

    def check(environment: Environment) -> Iterator[CheckResult]:
        if watched.place is None:
            found = "backup_url is not set: no backups"
            yield _result(CheckLevel.OFF, found)
            return
        if status(environment.database).state == "current":
            yield from _ages(environment)
            yield from _failures(environment)
        yield from _place(environment, watched, watched.place())
        if not environment.database.is_sqlite:
            yield from _client(environment, watched)

    return MappingProxyType({"backup": check})


def _ages(environment: Environment) -> Iterator[CheckResult]:
    with environment.database.reading() as connection:
        ages = records.ages(connection)
    now, made = environment.clock(), ages.last_success.get(str(BackupKind.DUMP))
    if made is None:
        yield _result(CheckLevel.WARN, "no backup yet", "Run 'savctl backup create'.")
        return
    is_late = now - made > _MADE_WITHIN
    advice = "Run 'savctl job why backup', then 'savctl backup create'." if is_late else None
    found = f"last made {made:%Y-%m-%d %H:%M}Z"
    yield _result(CheckLevel.ERROR if is_late else CheckLevel.OK, found, advice)
    proven = ages.last_proven
    if proven is not None and now - proven <= _PROVEN_WITHIN:
        yield _result(CheckLevel.OK, f"last proven {proven:%Y-%m-%d %H:%M}Z")
        return
    found = "never proven" if proven is None else f"last proven {proven:%Y-%m-%d %H:%M}Z"
    yield _result(CheckLevel.WARN, found, "Run 'savctl job run backup-verify'.")


def _failures(environment: Environment) -> Iterator[CheckResult]:
    with environment.database.reading() as connection:
        states = records.newest_states(connection)
        kept = records.of_kind(connection, BackupKind.DUMP)
    if states.get(BackupKind.DUMP) == BackupState.FAILED:
        yield _result(
            CheckLevel.ERROR, "the newest one is spoiled", "Run 'savctl backup create' now."
        )
    older = [record.id for record in kept[1:] if record.state == BackupState.FAILED]
    if older:
        named = ", ".join(older[:_NAMED]) + (", …" if len(older) > _NAMED else "")
        yield _result(
            CheckLevel.WARN, f"spoiled: {named}", "Do not restore from it: savctl backup list."
        )
    if states.get(BackupKind.DRILL) == BackupState.FAILED:
        found = "a procedure of the last drill failed"
        yield _result(CheckLevel.ERROR, found, "Run 'savctl backup drill' again and follow it.")


def _place(
    environment: Environment, watched: WatchedBackups, place: BackupPlace
) -> Iterator[CheckResult]:
    try:
        next(place.names(), None)
        room = place.free_bytes()
    except SavError as problem:
        yield _result(CheckLevel.ERROR, problem.message, problem.hint)
        return
    yield _result(CheckLevel.OK, place.describe())
    if room is not None and (needed := _needed(environment)) > room:
        found = f"{room:,} bytes are free, the next backup needs about {needed:,}"
        yield _result(CheckLevel.ERROR, found, "Make room, or run 'savctl backup prune'.")
    unfinished = watched.unfinished(place, environment.database.name)
    if unfinished is not None:
        again = f"savctl backup restore {unfinished.backup} --in-place"
        before = (
            f", or restore the content before: {unfinished.before}" if unfinished.before else ""
        )
        found = f"a restore in place by {unfinished.backup} did not end"
        yield _result(CheckLevel.ERROR, found, f"Run '{again}' again{before}.")
    if (why := _too_near(watched, place)) is not None:
        yield _result(CheckLevel.WARN, why, "Set backup_url to another disk, bucket or host.")


def _needed(environment: Environment) -> int:
    if status(environment.database).state != "current":
        return 0
    with environment.database.reading() as connection:
        newest = records.of_kind(connection, BackupKind.DUMP)[:1]
    return int(newest[0].bytes * _ROOM) if newest else 0


def _too_near(watched: WatchedBackups, place: BackupPlace) -> str | None:
    """Whether one disk or one bucket would take data and backups with it."""
    if place.name.startswith("s3://"):
        bucket = place.name.removeprefix("s3://").partition("/")[0]
        if bucket in watched.data_buckets:
            return "the backups are in the bucket of the data"
        return None
    folder = Path(place.name.removeprefix("file://"))
    if folder.is_relative_to(watched.home):
        return f"the backups are below {watched.home}, beside the data"
    if any(_device(folder) == _device(one) for one in watched.data):
        return "the backups are on the disk of the data"
    return None


def _device(path: Path) -> int:
    there = next(one for one in (path, *path.parents) if one.exists())
    return os.stat(there).st_dev


def _client(environment: Environment, watched: WatchedBackups) -> Iterator[CheckResult]:
    try:
        version = watched.client().version
    except SavError as problem:
        yield _result(CheckLevel.ERROR, problem.message, problem.hint)
        return
    yield _result(CheckLevel.OK, version)
    with environment.database.reading() as connection:
        missing = ", ".join(schemas.missing_privileges(connection))
    if missing:
        schema = environment.database.url.database
        grant = f"GRANT {missing} ON `{schema}`.* TO '{environment.database.url.username}'@'%';"
        yield _result(CheckLevel.ERROR, f"privileges are missing: {missing}", grant)


def _result(level: CheckLevel, found: str, advice: str | None = None) -> CheckResult:
    return CheckResult(check="backup", level=level, found=found, advice=advice)
