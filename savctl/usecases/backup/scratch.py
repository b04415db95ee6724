"""A backup restored beside everything else, and gone again whatever happens (rules 17.3)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from savctl.domain.backup.manifest import Manifest
from savctl.errors import ConfigurationError
from savctl.persistence.backups import schemas
from savctl.persistence.engine import Database
from savctl.usecases.backup.reading import ignore_size, pour_backup
from savctl.usecases.backup.work import BackupWork


@contextmanager
def scratch_copy(
    work: BackupWork, manifest: Manifest, *, progress: Callable[[int], None] = ignore_size
) -> Iterator[Database]:
    """The backup as a database of its own: schema `savctl_restore_<id>`, or a file.

    Raises:
        SpoiledFile: the backup is not what was written.
        ConfigurationError: the backup is of another kind of database than the configured one.
        ClientFailed: a statement of it failed.
    """
    require_same_kind(work, manifest)
    if manifest.is_sqlite:
        with tempfile.TemporaryDirectory(prefix="savctl-restore-") as folder:
            file = Path(folder) / "savctl.db"
            write_file(work, manifest, file, progress=progress)
            with closing(Database(f"sqlite:///{file}", codec=work.database.codec)) as copy:
                yield copy
        return
    name = manifest.scratch
    work.database.transaction(lambda c: schemas.drop(c, name))  # of one that was killed
    try:
        work.database.transaction(lambda c: schemas.create(c, name))
        load_schema(work, manifest, name, progress=progress)
        with closing(schemas.of_schema(work.database, name)) as copy:
            yield copy
    finally:
        work.database.transaction(lambda c: schemas.drop(c, name))


def require_same_kind(work: BackupWork, manifest: Manifest) -> None:
    """Pass when the configured database can take this backup."""
    if manifest.is_sqlite != work.database.is_sqlite:
        kind = "of SQLite" if manifest.is_sqlite else "of a server"
        raise ConfigurationError(
            f"the backup {manifest.id} is {kind}, the configured database is not",
            hint="Set SAVCTL_DATABASE_URL to a database of that kind.",
        )


def load_schema(
    work: BackupWork,
    manifest: Manifest,
    schema: str,
    *,
    progress: Callable[[int], None] = ignore_size,
) -> None:
    """Run the SQL text of a backup in a schema."""
    with work.client.load(schema) as sink:
        pour_backup(work, manifest, sink, progress=progress)


def write_file(
    work: BackupWork,
    manifest: Manifest,
    file: Path,
    *,
    progress: Callable[[int], None] = ignore_size,
) -> None:
    """Write the file of an embedded database, closed to others."""
    file.touch(mode=0o600)
    with file.open("wb") as stream:
        pour_backup(work, manifest, stream, progress=progress)
