"""The content of a database as one stream, and what was in it: SQL text, or a SQLite file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from savctl.domain.backup.dump_text import DumpMeter
from savctl.errors import ConfigurationError
from savctl.persistence.backups import embedded, schemas
from savctl.persistence.engine import Database
from savctl.persistence.schema.server_info import sqlite_file
from savctl.ports.backup_place import ByteSink
from savctl.ports.dump_client import ClientFailed, DumpClient
from savctl.usecases.backup.work import BackupWork

PIECE_BYTES = 256 * 1024


@dataclass(slots=True)
class DumpContent:
    """What a dump had in it; complete when the stream has ended."""

    tables: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    position: str | None = None


class DumpSource(Protocol):
    """What writes the content of a database into a sink."""

    file_name: str

    def pour(self, sink: ByteSink, *, progress: Callable[[int], None]) -> DumpContent:
        """All of it; answers what it was."""
        ...


class ServerDump:
    """The dump of a schema by the server's own client."""

    file_name = "dump.sql.zst"

    def __init__(self, client: DumpClient, schema: str, *, with_position: bool) -> None:
        self._client = client
        self._schema = schema
        self._with_position = with_position

    def pour(self, sink: ByteSink, *, progress: Callable[[int], None]) -> DumpContent:
        """The SQL text, metered while it passes.

        Raises:
            ClientFailed: it ended early, or without the line that ends every dump.
        """
        meter = DumpMeter()
        with self._client.dump(self._schema, with_position=self._with_position) as source:
            while piece := source.read(PIECE_BYTES):
                meter.feed(piece)
                sink.write(piece)
                progress(len(piece))
        if not meter.is_complete:
            raise ClientFailed("the dump has no end: its last line is missing")
        return DumpContent(meter.tables, meter.position)


class EmbeddedCopy:
    """A copy of a SQLite file by SQLite's backup interface; it needs that room for a while."""

    file_name = "database.sqlite.zst"

    def __init__(self, file: Path) -> None:
        self._file = file

    def pour(self, sink: ByteSink, *, progress: Callable[[int], None]) -> DumpContent:
        """The file, as it was at one moment."""
        with tempfile.TemporaryDirectory(prefix="savctl-backup-") as folder:
            copy = Path(folder) / "database.sqlite"
            copy.touch(mode=0o600)
            embedded.copy_file(self._file, copy)
            content = DumpContent(embedded.tables_of(copy))
            with copy.open("rb") as stream:
                while piece := stream.read(PIECE_BYTES):
                    sink.write(piece)
                    progress(len(piece))
        return content


def source_of(work: BackupWork) -> DumpSource:
    """What dumps the database.

    Raises:
        ClientMissing: the server's client is not installed.
        ConfigurationError: this user may not read everything, or the database is in memory.
    """
    if work.database.is_sqlite:
        file = sqlite_file(work.database)
        if file is None:
            raise ConfigurationError("a database in memory cannot be backed up")
        return EmbeddedCopy(file)
    _ = work.client.version  # raises when it is not installed
    with work.database.reading() as connection:
        _require_privileges(work.database, schemas.missing_privileges(connection))
        with_position = schemas.may_read_position(connection)
        if not with_position and schemas.writes_binary_log(connection):
            work.warn(
                "this user may not read the position in the binary log (RELOAD, REPLICATION "
                "CLIENT): the backup cannot be brought forward to a moment"
            )
    return ServerDump(work.client, str(work.database.url.database), with_position=with_position)


@contextmanager
def measured(database: Database, client: DumpClient | None) -> Iterator[DumpContent]:
    """What a restored database has in it, read in the way in which it was dumped."""
    if database.is_sqlite:
        yield DumpContent(embedded.tables_of(Path(str(database.url.database))))
        return
    if client is None:
        raise ValueError("a server's database is read by its client")
    dump = ServerDump(client, str(database.url.database), with_position=False)
    yield dump.pour(_Nowhere(), progress=lambda _: None)


class _Nowhere:
    def write(self, data: bytes, /) -> None:
        """Drop it."""


def _require_privileges(database: Database, missing: Sequence[str]) -> None:
    if not missing:
        return
    wanted = ", ".join(missing)
    schema, user = database.url.database, database.url.username
    raise ConfigurationError(
        f"the database user may not dump everything: {wanted} on {schema} is missing",
        hint=f"GRANT {wanted} ON `{schema}`.* TO '{user}'@'%';",
    )
