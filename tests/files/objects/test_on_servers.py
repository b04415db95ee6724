"""The commands on real S3 servers: what a link gives over HTTP, and a life from add to purge."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.conftest import Cli
from tests.files.making import PDF, a_zip
from tests.given import created
from tests.servers.stores.buckets import Bucket

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_stores("seaweedfs", "ministack")]
ARCHIVE = a_zip({"a.txt": b"x"})


@pytest.fixture
def at_bucket(cli: Cli, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """The command line on the bucket of a server, with files where it stands."""
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "Grüße, a.pdf").write_bytes(PDF)
    (tmp_path / "a.zip").write_bytes(ARCHIVE)
    return cli


def one(cli: Cli, *words: object) -> Any:
    outcome = cli(*words, "-o", "json")
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def fetched(url: str) -> tuple[bytes, str, str]:
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - a server of ours
        headers = answer.headers
        return answer.read(), headers["Content-Type"], headers["Content-Disposition"]


@pytest.mark.slow("waits until a link has ended")
def test_a_link_gives_the_file_as_specified_and_ends(
    at_bucket: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    pdf, archive = one(at_bucket, "attachment", "add", ticket.id, "Grüße, a.pdf", "a.zip")

    shown = fetched(one(at_bucket, "attachment", "url", pdf["id"])["url"])
    saved = fetched(one(at_bucket, "attachment", "url", archive["id"])["url"])
    short = one(at_bucket, "attachment", "url", pdf["id"], "--expires", "1s")["url"]

    assert shown[:2] == (PDF, "application/pdf")
    assert shown[2].startswith("inline")
    assert "filename*=UTF-8''Gr%C3%BC%C3%9Fe" in shown[2]
    assert saved[0] == ARCHIVE
    assert saved[2].startswith("attachment")
    time.sleep(2.1)
    with pytest.raises(urllib.error.HTTPError) as refusal:
        fetched(short)
    assert refusal.value.code == 403
    refusal.value.close()


def test_a_file_lives_from_add_to_purge(
    at_bucket: Cli,
    database: Database,
    clock: SetClock,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    ticket = created(database, clock)
    added = one(at_bucket, "attachment", "add", ticket.id, "a.zip")

    assert one(at_bucket, "attachment", "verify")["checked"] == 1
    one(at_bucket, "attachment", "get", added["id"], "--out", "b.zip")
    assert (tmp_path / "b.zip").read_bytes() == ARCHIVE
    one(at_bucket, "attachment", "delete", added["id"])
    early = one(at_bucket, "job", "run", "attachment-purge")
    monkeypatch.setenv("SAVCTL_FILE_RETENTION", "1s")
    time.sleep(1.1)
    dry = one(at_bucket, "job", "run", "attachment-purge", "--dry-run")
    done = one(at_bucket, "job", "run", "attachment-purge")

    assert (early["changed"], dry["changed"], done["changed"]) == (0, 1, 1)
    assert list(bucket.store.versions("")) == []
    assert one(at_bucket, "attachment", "list", ticket.id, "--deleted") == []
