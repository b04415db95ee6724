"""Files saved by Notepad begin with a byte order mark: it is no mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from savctl.config.load import load
from tests.conftest import Cli

pytestmark = pytest.mark.only_on("sqlite")

MARK = b"\xef\xbb\xbf"


def test_a_configuration_with_a_mark_is_read(tmp_path: Path) -> None:
    file = tmp_path / "savctl.toml"
    file.write_bytes(MARK + b"batch_size = 7\r\nactor = 5\r\n")

    settings = load({"HOME": str(tmp_path)}, file=file)

    assert (settings.batch_size, settings.actor) == (7, 5)


def test_a_secret_with_a_mark_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(MARK + b"hush\r\n")

    settings = load({"HOME": str(tmp_path), "AWS_SECRET_ACCESS_KEY_FILE": str(secret)})

    assert settings.storage_secret_key == "hush"  # noqa: S105 - of this test


def test_a_policy_with_a_mark_is_read(cli: Cli, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_bytes(MARK + b'[targets.low]\r\nresponse = "200h"\r\nresolution = "90d"\r\n')

    shown = cli("sla", "simulate", "--policy", policy, "-o", "json")

    assert shown.code == 0, shown.err


def test_a_mapping_and_its_rows_with_a_mark_are_read(cli: Cli, tmp_path: Path) -> None:
    mapping, rows = tmp_path / "m.toml", tmp_path / "rows.csv"
    mapping.write_bytes(
        MARK + b'source="b"\n[fields]\nuser_id="u"\nsubject="s"\ndescription="d"\n'
    )
    rows.write_bytes(MARK + b"u,s,d\n1,x,y\n")

    shown = cli("ticket", "import", rows, "--map", mapping, "-o", "json")

    assert json.loads(shown.out)["imported"] == 1
