"""`backup create`: dump, compress, seal, count, then name it (rules 17.1)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from savctl.domain.backup.manifest import Manifest, new_id
from savctl.errors import SavError
from savctl.persistence.jobs.lease import Lease
from savctl.persistence.jobs.maintenance_lease import maintenance
from savctl.persistence.schema import versions
from savctl.persistence.schema.server_info import server_of
from savctl.usecases.backup import catalog
from savctl.usecases.backup.dumps import DumpContent, source_of
from savctl.usecases.backup.streams.packed import SEALED_SUFFIX, StoredFile, writing
from savctl.usecases.backup.work import BackupWork

_LEFT_AFTER = timedelta(days=1)


def ignore_progress(_: int) -> None:
    """Nobody watches."""


def create_backup(
    work: BackupWork, *, dry_run: bool = False, progress: Callable[[int], None] = ignore_progress
) -> Manifest | None:
    """Make a backup; None in a dry run, which looks at everything that it needs.

    Whatever goes wrong, the place has no backup of that id and the others are untouched.

    Raises:
        ConfigurationError: no place, no client, no keys, or missing privileges.
        AlreadyRunning: something else holds the maintenance lease.
        Unavailable: database, client or place failed, or the place is full.
    """
    place, keys = work.place(), work.keys_for_writing()
    source = source_of(work)
    if dry_run:
        next(place.names(), None)
        return None
    with maintenance(work.database, work.owner) as lease:
        with suppress(SavError):
            place.clean("", before=work.clock() - _LEFT_AFTER)
        made_at = work.clock()
        backup_id = new_id(made_at)
        name = f"{backup_id}/{source.file_name}" + (SEALED_SUFFIX if keys else "")
        try:
            with writing(place, name, keys) as sink:
                content = source.pour(sink, progress=_fenced(lease, progress))
                manifest = _manifest(work, backup_id, made_at, keys.current if keys else None)
                lease.require_held()
            manifest = _with_content(manifest, sink.stored, content)
            catalog.write(work, manifest)
        except BaseException:
            with suppress(SavError):
                place.remove(name)
            raise
    return manifest


def _fenced(lease: Lease, progress: Callable[[int], None]) -> Callable[[int], None]:
    def passed(size: int) -> None:
        lease.require_held()
        progress(size)

    return passed


def _manifest(work: BackupWork, backup_id: str, made_at: datetime, key_id: str | None) -> Manifest:
    with work.database.reading() as connection:
        server = server_of(connection)
        revision = versions.version(connection)
    return Manifest(
        id=backup_id,
        made_at=made_at,
        server_version=f"{server.family} {server.version}",
        client_version=None if work.database.is_sqlite else work.client.version,
        schema_revision=revision,
        position=None,
        database=str(work.database.url.database),
        key_id=key_id,
        files=(),
        tables={},
        bucket=_bucket(work),
    )


def _with_content(manifest: Manifest, stored: StoredFile, content: DumpContent) -> Manifest:
    file = {"name": stored.name, "bytes": stored.size_bytes, "sha256": stored.sha256}
    return replace(manifest, files=(file,), tables=content.tables, position=content.position)


def _bucket(work: BackupWork) -> dict[str, int | None]:
    """What the bucket holds now; a bucket that is away does not stop a backup of the database."""
    objects = size = 0
    try:
        for found in work.store().listing(""):
            objects += 1
            size += found.size_bytes
    except SavError as problem:
        work.warn(f"the bucket was not counted: {problem.message}")
        return {"objects": None, "bytes": None}
    return {"objects": objects, "bytes": size}
