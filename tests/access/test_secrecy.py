"""A token and its key stand nowhere: no output, log, row, file, and no child's environment."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import jwt
import pytest

from savctl.persistence.engine import Database
from tests.access.token_users import KEY
from tests.crash.forked_program import finished
from tests.given import snapshot

pytestmark = pytest.mark.only_on("sqlite")
COMMANDS = (
    "ticket list", "ticket list -v --log-format json", "ticket create --subject s --description d",
    "audit list", "doctor", "config show -o json", "config check", "gdpr find 7", "ticket show 99",
    "job run auto-close", "version -o json", "message list 1 -o json",
)  # fmt: skip


def a_token(**claims: object) -> str:
    return jwt.encode({"sub": "7", "role": "customer", **claims}, KEY)


@pytest.mark.slow("a token is seen in a process of its own only")
@pytest.mark.parametrize("flaw", ["none", "expired", "forged", "cut"])
def test_neither_token_nor_key_is_written_anywhere(
    database: Database, environment: dict[str, str], database_url: str, tmp_path: Path, flaw: str
) -> None:
    soon = int(time.time()) + 600
    good = a_token(exp=soon)
    token = {
        "none": good,
        "expired": a_token(exp=soon - 6_000),
        "forged": f"{good[:-6]}AAAAAA",
        "cut": good[:-60],
    }[flaw]
    temp = tmp_path / "temp"
    temp.mkdir()
    variables = environment | {
        "SAVCTL_DATABASE_URL": database_url,
        "SAVCTL_TOKEN": token,
        "SAVCTL_TOKEN_KEY": KEY,
        "TMPDIR": str(temp),
    }
    pieces = [*token.split("."), KEY]

    for words in COMMANDS if flaw == "none" else COMMANDS[:4]:
        done = finished(words.split(), cwd=tmp_path, environment=variables)
        assert done.returncode in {0, 4, 7, 10, 2}, done.stderr
        for piece in pieces:
            assert piece not in done.stdout + done.stderr, words
    kept = str(snapshot(database))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    for piece in pieces:
        assert piece not in kept
        for path in files:
            assert piece.encode() not in path.read_bytes(), path
    assert os.listdir(temp) == []


_SPY = """
import os, pathlib
shown = [path.read_bytes() for path in pathlib.Path("/proc").glob("[0-9]*/cmdline")]
shown.append(pathlib.Path("/proc/self/environ").read_bytes())
pathlib.Path("seen").write_bytes(b"\\n".join(shown))
print("K1", "A" * 43 + "=")
"""


@pytest.mark.slow("what other processes see is seen by another process only")
def test_a_program_that_savctl_starts_sees_neither_token_nor_key(
    database: Database, environment: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "spy.py").write_text(_SPY)
    token = a_token(role="admin", exp=int(time.time()) + 600)
    variables = environment | {
        "SAVCTL_DATABASE_URL": database_url,
        "SAVCTL_TOKEN": token,
        "SAVCTL_TOKEN_KEY": KEY,
        "SAVCTL_KEYS_COMMAND": f"{sys.executable} spy.py",
    }
    words = ("ticket", "create", "--user", "7", "--subject", "s", "--description", "d")

    subprocess.run(
        [sys.executable, "-m", "savctl", *words, "--meta", "phone=+33123"],
        env=variables,
        capture_output=True,
        cwd=tmp_path,
        check=True,
    )

    seen = (tmp_path / "seen").read_bytes()
    assert b"spy.py" in seen
    assert b"SAVCTL_DATABASE_URL" in seen
    for piece in (*token.split("."), KEY):
        assert piece.encode() not in seen
    assert "savctl:enc:1:K1:" in str(snapshot(database))
