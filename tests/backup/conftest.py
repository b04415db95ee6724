"""Places for backups: a folder, and a bucket on each S3 server that the run has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from savctl.adapters.backups.folder import BackupFolder
from savctl.adapters.backups.s3 import BackupBucket
from savctl.adapters.s3.client import S3Settings
from savctl.ports.backup_place import BackupPlace
from tests.backup.support import backed_up
from tests.conftest import Cli, S3Servers
from tests.servers.private import memory_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the backups of a test lie."""
    return tmp_path / "backups"


@pytest.fixture
def ready(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line, with `backup_url` set to that folder."""
    backed_up(monkeypatch, folder)
    return cli


@pytest.fixture
def place(store_kind: str, s3_servers: S3Servers) -> Iterator[BackupPlace]:
    """An empty place; on each kind of store."""
    if store_kind == "directory":
        with TemporaryDirectory(prefix="savctl-backups-", dir=memory_folder()) as folder:
            yield BackupFolder(Path(folder) / "backups")
        return
    server = s3_servers.of(store_kind)
    settings = S3Settings(
        bucket=server.new_bucket(versioned=True),
        endpoint=server.url,
        access_key=server.access_key,
        secret_key=server.secret_key,
    )
    found = BackupBucket(settings, "of/savctl/")
    yield found
    found.close()
