"""A mirror on another S3 server, with keys of its own."""

from __future__ import annotations

import json
import os
from io import BytesIO

import pytest

from tests.conftest import Cli, S3Servers
from tests.servers.stores.buckets import server_bucket

PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)
WRONG = "another-secret"


@pytest.fixture
def shell(cli: Cli, s3_servers: S3Servers, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Files on one server, the mirror on another one."""
    files = server_bucket(s3_servers.of("ministack"))
    server = s3_servers.of("seaweedfs")
    for name, value in files.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SAVCTL_MIRROR_URL", f"s3://{server.new_bucket(versioned=True)}/mirror")
    monkeypatch.setenv("SAVCTL_MIRROR_ENDPOINT", server.url)
    monkeypatch.setenv("SAVCTL_MIRROR_REGION", "eu-west-3")
    monkeypatch.setenv("SAVCTL_MIRROR_ACCESS_KEY", server.access_key)
    monkeypatch.setenv("SAVCTL_MIRROR_SECRET_KEY", server.secret_key)
    files.store.put("tickets/1/a.png", BytesIO(PNG), size_bytes=24, content_type="image/png")
    files.store.close()
    return cli


@pytest.mark.slow("two S3 servers")
@pytest.mark.only_on("sqlite")
def test_the_mirror_lies_on_its_own_server_by_its_own_keys(
    shell: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = shell("backup", "mirror", "-o", "json")
    verified = shell("backup", "mirror", "--verify")
    shown = shell("config", "show", "-o", "json")
    lines = json.loads(shell("doctor", "-o", "json").out)

    assert copied.code == 0, copied.err
    assert json.loads(copied.out)["changed"] == 1
    assert verified.code == 0, verified.err
    assert "1 object of 24 bytes" in verified.err
    (mirror, *more) = [one for one in lines if one["check"] == "mirror"]
    assert str(mirror["found"]).startswith("the bucket ")
    assert not any("where the files" in one["found"] for one in more)
    secret = os.environ["SAVCTL_MIRROR_SECRET_KEY"]
    assert secret not in shown.out + shown.err + copied.err + verified.err

    monkeypatch.setenv("SAVCTL_MIRROR_ACCESS_KEY", "of-nobody")
    refused = shell("backup", "mirror")
    assert refused.code == 7, refused.err
    assert "mirror_access_key" in refused.err


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("only", ["ACCESS", "SECRET"])
def test_half_of_the_keys_is_refused(cli: Cli, monkeypatch: pytest.MonkeyPatch, only: str) -> None:
    monkeypatch.setenv(f"SAVCTL_MIRROR_{only}_KEY", WRONG)

    checked = cli("config", "check")

    assert checked.code == 2
    assert "mirror_access_key and mirror_secret_key belong together" in checked.err
    assert WRONG not in checked.out + checked.err
