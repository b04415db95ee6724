"""`backup restore ID --into NAME` and `--in-place` (rules 17.4)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from savctl.domain.backup.manifest import Manifest
from savctl.domain.backup.replay_span import Until
from savctl.errors import SavError
from savctl.persistence.backups import restored, schemas
from savctl.persistence.backups.restored import ReplacedDatabase
from savctl.persistence.engine import Database
from savctl.persistence.schema.server_info import is_there, sqlite_file
from savctl.usecases.backup import catalog
from savctl.usecases.backup.reading import ignore_size, keys_of, pour_backup
from savctl.usecases.backup.restore import guards
from savctl.usecases.backup.restore.after import RestoredCopy, RestoreSteps, finish
from savctl.usecases.backup.restore.before import KeptBefore, keep_before, kept_by
from savctl.usecases.backup.restore.unfinished import (
    UnfinishedRestore,
    begin,
    end,
    find_unfinished,
)
from savctl.usecases.backup.scratch import load_schema, require_same_kind, write_file
from savctl.usecases.backup.until import LogWork, plan_until, replay_until
from savctl.usecases.backup.work import BackupWork


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreWish:
    """Where to: a new database, or in place of the live one (`into` is None).

    `until` replays the copied `logs` behind the backup, up to a moment or a place. In place,
    `discards` makes no backup of what was there.
    """

    into: str | None = None
    confirmed: str | None = None
    resends: bool = False
    discards: bool = False
    dry_run: bool = False
    by: int | None = None
    until: Until | None = None
    logs: LogWork | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """What became of it; `before` is the backup of what was replaced, None where none was made."""

    manifest: Manifest
    database: str
    before: str | None = None
    steps: RestoreSteps = field(default_factory=RestoreSteps)


def restore_backup(
    work: BackupWork,
    backup_id: str,
    wish: RestoreWish,
    *,
    progress: Callable[[int], None] = ignore_size,
) -> Restoration:
    """Restore a whole backup; a dry run reads it to its end and tries every guard.

    Raises:
        NoSuchBackup, SpoiledFile, KeyMissing: nothing was changed.
        OutOfReach: the logs do not lead to `until`; nothing was changed.
        Refused: the database that it is to go into is not empty.
        NeedsConfirmation: the live one was not named, or is in use; nothing was done.
        CannotKeepBefore: what the live database holds could not be backed up; nothing was done.
        ClientFailed: a statement failed. A new database is gone again; the live one is not
            whole: the hint names the backup of what was there. The same command again goes on.
    """
    manifest = catalog.find(work.place(), backup_id)
    require_same_kind(work, manifest)
    keys_of(work, manifest)
    if wish.until is not None:
        plan_until(wish.logs, manifest, wish.until)
    known = known_of_live(work, manifest)
    if wish.into is None:
        return _in_place(work, manifest, wish, known, progress)
    return _beside(work, manifest, wish, wish.into, known, progress)


def known_of_live(work: BackupWork, manifest: Manifest) -> ReplacedDatabase | None:
    """What the live database knows of persons and events; None when it cannot be asked."""
    try:
        if not is_there(work.database):
            return None
        with work.database.reading() as connection:
            return restored.known_of(connection, since=manifest.made_at)
    except SavError:
        work.warn(
            "the live database cannot be read: erasures since the backup are not known, and "
            "events are held"
        )
        return None


def _beside(
    work: BackupWork,
    manifest: Manifest,
    wish: RestoreWish,
    name: str,
    known: ReplacedDatabase | None,
    progress: Callable[[int], None],
) -> Restoration:
    with _new_database(work, manifest, name, wish, progress) as database:
        if wish.dry_run:
            return Restoration(manifest=manifest, database=name)
        copy = RestoredCopy(
            work=work,
            database=database,
            backup_id=manifest.id,
            replaced=None,
            suppressing=known,
            resends=wish.resends,
            by=wish.by,
        )
        return Restoration(manifest=manifest, database=database.name, steps=finish(copy))


@contextmanager
def _new_database(
    work: BackupWork,
    manifest: Manifest,
    name: str,
    wish: RestoreWish,
    progress: Callable[[int], None],
) -> Iterator[Database]:
    """The backup in a new file or schema, which is gone again when the load fails."""
    if manifest.is_sqlite:
        file = guards.require_new_file(work, name)
        if wish.dry_run:
            pour_backup(work, manifest, progress=progress)
        else:
            _write_whole(work, manifest, file, progress)
        with closing(Database(f"sqlite:///{file}", codec=work.database.codec)) as database:
            yield database
        return
    was_there = guards.require_new_schema(work, name)
    if wish.dry_run:
        pour_backup(work, manifest, progress=progress)
    else:
        _load_whole(work, manifest, name, wish, progress, was_there=was_there)
    with closing(schemas.of_schema(work.database, name)) as database:
        yield database


def _load_whole(
    work: BackupWork,
    manifest: Manifest,
    name: str,
    wish: RestoreWish,
    progress: Callable[[int], None],
    *,
    was_there: bool,
) -> None:
    if not was_there:
        work.database.transaction(lambda c: schemas.create(c, name))
    try:
        load_schema(work, manifest, name, progress=progress)
        _replay(work, manifest, name, wish)
    except BaseException:
        with suppress(SavError):
            if was_there:
                with closing(schemas.of_schema(work.database, name)) as half:
                    half.transaction(schemas.empty)
            else:
                work.database.transaction(lambda c: schemas.drop(c, name))
        raise


def _write_whole(
    work: BackupWork, manifest: Manifest, file: Path, progress: Callable[[int], None]
) -> None:
    """The file appears under its name when it is complete and on the disk."""
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        write_file(work, manifest, part, progress=progress)
        number = os.open(part, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _in_place(
    work: BackupWork,
    manifest: Manifest,
    wish: RestoreWish,
    known: ReplacedDatabase | None,
    progress: Callable[[int], None],
) -> Restoration:
    if not wish.dry_run:
        guards.require_confirmed(work, wish.confirmed)
    unfinished = find_unfinished(work.place(), work.database.name)
    guards.require_unused(work, dry_run=wish.dry_run, is_half_loaded=unfinished is not None)
    if wish.dry_run or not manifest.is_sqlite:
        pour_backup(work, manifest, progress=progress)  # refused before anything is destroyed
    if wish.dry_run:
        return Restoration(manifest=manifest, database=work.database.name)
    kept = _kept(work, manifest, wish, known, unfinished)
    before = None if kept.manifest is None else kept.manifest.id
    with _recoverable(work, manifest, before):
        _replace(work, manifest, wish, progress)
        copy = RestoredCopy(
            work=work,
            database=work.database,
            backup_id=manifest.id,
            replaced=kept.known,
            suppressing=kept.known,
            resends=wish.resends,
            by=wish.by,
        )
        steps = finish(copy)
    if kept.manifest is not None:
        catalog.record(work, kept.manifest)  # the restored database does not know it
    return Restoration(manifest=manifest, database=work.database.name, before=before, steps=steps)


def _kept(
    work: BackupWork,
    manifest: Manifest,
    wish: RestoreWish,
    known: ReplacedDatabase | None,
    unfinished: UnfinishedRestore | None,
) -> KeptBefore:
    """The backup of what is there; that of the first run where one did not end."""
    if unfinished is not None:
        work.warn(
            f"a restore of {work.database.name} by the backup {unfinished.backup} did not end; "
            f"its content before is {unfinished.before or 'in no backup'}"
        )
        kept = kept_by(work, unfinished, manifest, known, discards=wish.discards)
    else:
        kept = keep_before(work, known, discards=wish.discards)
    guards.require_unused(  # once more: a dump takes its time
        work, dry_run=False, is_half_loaded=unfinished is not None
    )
    return kept


@contextmanager
def _recoverable(work: BackupWork, manifest: Manifest, before: str | None) -> Iterator[None]:
    """Whatever ends the block early, the next run finds what was there before."""
    place, name = work.place(), work.database.name
    begin(place, UnfinishedRestore(database=name, backup=manifest.id, before=before))
    try:
        yield
    except SavError as problem:
        kept = f"or restore its content before: the backup {before}" if before else ""
        problem.hint = (
            f"{name} is not whole. Run the same command again, {kept}".rstrip(", ") + "."
        )
        if before is not None:
            problem.facts["before"] = before
        raise
    end(place, name)


def _replace(
    work: BackupWork, manifest: Manifest, wish: RestoreWish, progress: Callable[[int], None]
) -> None:
    file = sqlite_file(work.database)
    if file is None:
        work.database.transaction(schemas.empty)
        work.database.close()
        name = str(work.database.url.database)
        load_schema(work, manifest, name, progress=progress)
        _replay(work, manifest, name, wish)
        return
    work.database.close()
    _write_whole(work, manifest, file, progress)
    for left in ("-wal", "-shm"):
        file.with_name(f"{file.name}{left}").unlink(missing_ok=True)


def _replay(work: BackupWork, manifest: Manifest, schema: str, wish: RestoreWish) -> None:
    if wish.until is not None:
        replay_until(work, wish.logs, manifest, schema, wish.until)
