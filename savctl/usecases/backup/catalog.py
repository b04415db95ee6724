"""The backups of a place: their manifests are what counts, the table is a copy of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

from savctl.domain.backup.manifest import NAME, Manifest, is_id
from savctl.domain.backup.sealing import SpoiledFile
from savctl.errors import NotFound, SavError
from savctl.persistence.backups import records
from savctl.persistence.backups.records import BackupKind, BackupRecord
from savctl.ports.backup_place import BackupPlace, NoSuchBackupFile
from savctl.usecases.backup.work import BackupWork

_LARGEST_MANIFEST = 16 * 1024**2


class NoSuchBackup(NotFound):
    """The place has no backup of this id."""

    code = "no_such_backup"


def find(place: BackupPlace, backup_id: str) -> Manifest:
    """The manifest of a backup.

    Raises:
        NoSuchBackup: there is none of this id.
        SpoiledFile: its manifest is damaged.
    """
    if not is_id(backup_id):
        raise _nothing(place, backup_id)
    try:
        with place.read(f"{backup_id}/{NAME}") as source:
            content = b"".join(iter(lambda: source.read(65_536), b""))[:_LARGEST_MANIFEST]
    except NoSuchBackupFile:
        raise _nothing(place, backup_id) from None
    return Manifest.read(content, backup_id)


def ids(place: BackupPlace) -> list[str]:
    """The ids of the backups, the newest first; one without a manifest is none."""
    found = (file.name.partition("/") for file in place.names())
    return sorted((one for one, _, name in found if name == NAME and is_id(one)), reverse=True)


def listing(work: BackupWork) -> Iterator[Manifest]:
    """Every backup, the newest first; one whose manifest is damaged is named in a warning."""
    place = work.place()
    for backup_id in ids(place):
        try:
            yield find(place, backup_id)
        except SpoiledFile as problem:
            work.warn(problem.message)
        except NoSuchBackup:  # removed meanwhile
            continue


def newest(work: BackupWork) -> Manifest:
    """The newest backup.

    Raises:
        NoSuchBackup: there is none.
    """
    found = next(listing(work), None)
    if found is None:
        raise NoSuchBackup(
            f"{work.place().describe()} has no backup", hint="Run 'savctl backup create'."
        )
    return found


def write(work: BackupWork, manifest: Manifest) -> None:
    """Write a manifest, and the row that metrics read: without a database the manifest counts."""
    place = work.place()
    with place.write(f"{manifest.id}/{NAME}") as sink:
        sink.write(manifest.as_bytes())
    record(work, manifest)


def record(work: BackupWork, manifest: Manifest) -> None:
    """Write the row of a backup; a database that is away does without."""
    row = record_of(manifest, work.place())
    with suppress(SavError):
        work.database.transaction(lambda c: records.store(c, row))


def forget(work: BackupWork, backup_id: str) -> None:
    """Remove a backup: first its manifest, so that no half of it is taken for a backup."""
    place = work.place()
    place.remove(f"{backup_id}/{NAME}")
    for file in list(place.names(f"{backup_id}/")):
        place.remove(file.name)
    with suppress(SavError):
        work.database.transaction(lambda c: records.remove(c, backup_id))


def record_of(manifest: Manifest, place: BackupPlace) -> BackupRecord:
    """The row of a backup."""
    details = {"position": manifest.position, "database": manifest.database}
    return BackupRecord(
        id=manifest.id,
        kind=str(BackupKind.DUMP),
        state=manifest.state,
        made_at=manifest.made_at,
        verified_at=manifest.verified_at,
        bytes=manifest.size_bytes,
        place=place.name[:512],
        details=json.dumps(details, ensure_ascii=False),
    )


def _nothing(place: BackupPlace, backup_id: str) -> NoSuchBackup:
    return NoSuchBackup(
        f"{place.describe()} has no backup {backup_id[:80]!r}",
        hint="savctl backup list shows the ids.",
        backup=backup_id[:80],
    )
