"""The bucket goes away inside a run: the last good backup stays, and no other has a name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from savctl.persistence.engine import Database
from savctl.ports import ObjectStore
from tests.backup.support import answer, create, doctors_line
from tests.backup.test_fault_table import require_shown
from tests.backup.test_faults import noise
from tests.conftest import Cli, S3Servers
from tests.servers.network.byte_cutter import ByteCutter
from tests.servers.ports import LOOPBACK
from tests.servers.stores.buckets import server_bucket

pytestmark = [
    pytest.mark.slow("an S3 server, which is asked again and again"),
    pytest.mark.only_stores("seaweedfs"),
]

ROWS = 300  # about 9 MB once they are packed: a part of 8 MiB, and another one
MOMENTS = {"in the first part": 3_000_000, "in the last part": 8_800_000}


@dataclass(frozen=True, slots=True)
class Remote:
    """The command line with backups in a bucket behind a line that breaks."""

    cli: Cli
    line: ByteCutter
    store: ObjectStore  # the bucket, on a way that does not break

    def content(self) -> dict[str, tuple[int, str]]:
        """Every object of the bucket, with its size and digest."""
        return {one.key: (one.size_bytes, one.etag) for one in self.store.versions("")}


@pytest.fixture
def remote(
    cli: Cli, store_kind: str, s3_servers: S3Servers, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Remote]:
    server = s3_servers.of(store_kind)
    bucket = server_bucket(server)
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    url = bucket.environment["SAVCTL_STORAGE_URL"]
    monkeypatch.setenv("SAVCTL_BACKUP_URL", f"{url}/backups/of")
    with ByteCutter(server.port) as line:
        monkeypatch.setenv("SAVCTL_STORAGE_ENDPOINT", f"http://{LOOPBACK}:{line.port}")
        yield Remote(cli, line, bucket.store)
    bucket.store.close()


@pytest.fixture
def good(remote: Remote, database: Database) -> dict[str, Any]:
    """The last good backup, and rows behind it that do not get smaller."""
    made = create(remote.cli)
    noise(database, ROWS)
    return made


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.each_database("each is dumped by something else")
def test_a_bucket_that_is_cut_off_leaves_the_last_good_backup(
    remote: Remote, good: dict[str, Any], database: Database, moment: str
) -> None:
    before = remote.content()
    remote.line.cut_after(MOMENTS[moment])

    outcome = remote.cli("job", "run", "backup")
    away = doctors_line(remote.cli)
    unreadable = remote.cli("backup", "list")

    assert remote.line.has_cut
    assert outcome.code == 8, outcome.err
    assert unreadable.code == 8
    assert not away.startswith("ok")
    assert remote.content() == before
    remote.line.mend()
    [listed] = answer(remote.cli("backup", "list", "-o", "json"))
    assert listed["id"] == good["id"]
    assert remote.cli("backup", "verify", good["id"]).code == 0
    require_shown(remote.cli, database)
    assert json.loads(remote.cli("job", "run", "backup", "-o", "json").out)["failed"] == 0
    assert len(answer(remote.cli("backup", "list", "-o", "json"))) == 2
