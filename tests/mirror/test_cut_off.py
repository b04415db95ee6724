"""A bucket goes away inside a run of the mirror: what is mirrored stays, the next run ends."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from io import BytesIO

import pytest

from savctl.persistence.engine import Database
from savctl.ports import ObjectStore
from tests.conftest import Cli, S3Servers
from tests.given import rows
from tests.servers.network.byte_cutter import ByteCutter
from tests.servers.ports import LOOPBACK
from tests.servers.stores.buckets import server_bucket

pytestmark = [
    pytest.mark.slow("an S3 server, which is asked again and again"),
    pytest.mark.only_on("sqlite"),
    pytest.mark.only_stores("seaweedfs"),
]

LARGE = 10_000_000  # bytes: a part of 8 MiB, and another one
NEW = 4


class Remote:
    """A bucket and its mirror, each behind a line of its own; `files` is the bucket itself."""

    def __init__(self, cli: Cli, files: ObjectStore, copies: ObjectStore) -> None:
        self.cli, self.files, self.copies = cli, files, copies
        self.lines: dict[str, ByteCutter] = {}

    def put(self, name: str, content: bytes) -> None:
        key = f"tickets/1/{name}.png"
        size = len(content)
        self.files.put(key, BytesIO(content), size_bytes=size, content_type="image/png")

    def content(self) -> dict[str, str]:
        """Every finished object of the mirror but the mark of a run, with its digest."""
        found = self.copies.versions("")
        return {one.key: one.etag for one in found if not one.key.endswith("unfinished")}

    def level(self, check: str) -> str:
        """The worst level of doctor's lines of this name."""
        found = json.loads(self.cli("doctor", "-o", "json").out)
        levels = {one["level"] for one in found if one["check"] == check}
        return next(level for level in ("error", "warn", "ok", "off") if level in levels)


@pytest.fixture
def remote(
    cli: Cli, store_kind: str, s3_servers: S3Servers, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Remote]:
    server = s3_servers.of(store_kind)
    files, copies = server_bucket(server), server_bucket(server)
    for name, value in files.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SAVCTL_MIRROR_URL", copies.environment["SAVCTL_STORAGE_URL"])
    found = Remote(cli, files.store, copies.store)
    with ByteCutter(server.port) as ours, ByteCutter(server.port) as theirs:
        monkeypatch.setenv("SAVCTL_STORAGE_ENDPOINT", f"http://{LOOPBACK}:{ours.port}")
        monkeypatch.setenv("SAVCTL_MIRROR_ENDPOINT", f"http://{LOOPBACK}:{theirs.port}")
        found.lines = {"bucket": ours, "mirror": theirs}
        yield found
    files.store.close()
    copies.store.close()


@pytest.mark.parametrize(("which", "after"), [("bucket", 2_000), ("mirror", 3_000_000)])
def test_what_is_mirrored_stays_when_a_bucket_is_cut_off(
    remote: Remote, database: Database, which: str, after: int
) -> None:
    remote.put("first", b"first")
    assert remote.cli("job", "run", "bucket-mirror").code == 0
    before = remote.content()
    for number in range(NEW):
        remote.put(str(number), os.urandom(LARGE))
    remote.lines[which].cut_after(after)

    outcome = remote.cli("job", "run", "bucket-mirror")

    assert remote.lines[which].has_cut
    assert outcome.code == 8, outcome.err
    now = remote.content()
    assert {name: now.get(name) for name in before} == before
    assert not [name for name in now if name.startswith("index/") and name not in before]
    remote.lines[which].mend()
    assert remote.cli("backup", "mirror", "--verify").code == 0
    assert remote.level("jobs") in {"warn", "error"}
    old = "UPDATE savctl_backups SET made_at = '2025-10-03 05:00:00'"
    database.transaction(lambda c: c.exec_driver_sql(old))
    assert remote.level("mirror") in {"warn", "error"}

    again = json.loads(remote.cli("job", "run", "bucket-mirror", "-o", "json").out)
    assert (again["changed"], again["failed"]) == (NEW, 0)
    assert remote.cli("backup", "mirror", "--verify").code == 0
    assert rows(database, "SELECT state FROM savctl_backups") == [{"state": "ok"}]
