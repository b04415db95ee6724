"""Commands of token users, in this process and in many at once."""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import jwt
import pytest

from savctl.persistence.engine import Database
from tests.crash.fork_server import Process
from tests.given import rows, write

KEY = "a secret of the auth service, long enough"
SECOND = 1_000_000


def a_token(user: int = 5, *, key: str = KEY) -> str:
    claims = {"sub": str(user), "role": "admin", "exp": int(time.time()) + 600}
    return jwt.encode(claims, key, algorithm="HS256")


def with_token(monkeypatch: pytest.MonkeyPatch, user: int = 5, *, limit: int = 60) -> None:
    """Let the next commands be this user's."""
    monkeypatch.setenv("SAVCTL_TOKEN", a_token(user))
    monkeypatch.setenv("SAVCTL_TOKEN_KEY", KEY)
    monkeypatch.setenv("SAVCTL_RATE_LIMIT", str(limit))


def with_token_of(monkeypatch: pytest.MonkeyPatch, user: int, role: str) -> None:
    """Let the next commands be this user's, in this role, as many as there are."""
    claims = {"sub": str(user), "role": role, "exp": int(time.time()) + 600}
    monkeypatch.setenv("SAVCTL_TOKEN", jwt.encode(claims, KEY, algorithm="HS256"))
    monkeypatch.setenv("SAVCTL_TOKEN_KEY", KEY)
    monkeypatch.setenv("SAVCTL_RATE_LIMIT", "0")


def counted(database: Database) -> dict[int, int]:
    """How many commands of each user are in the window, as it is stored."""
    found = rows(database, "SELECT user_id, used FROM savctl_rate_limits")
    return {row["user_id"]: len(json.loads(row["used"])) for row in found}


def let_pass(database: Database, seconds: int) -> None:
    """Make everything that was counted so much older."""
    for row in rows(database, "SELECT user_id, used FROM savctl_rate_limits"):
        older = json.dumps([at - seconds * SECOND for at in json.loads(row["used"])])
        where = f"WHERE user_id = {row['user_id']}"
        write(database, f"UPDATE savctl_rate_limits SET used = '{older}' {where}")


@contextmanager
def held_back(gate: Path) -> Iterator[None]:
    """Whoever passes the gate waits until the block ends."""
    with gate.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def start_commands(environment: dict[str, str], gate: Path, count: int) -> Process:
    """A process that runs so many commands behind the gate; it exits with how many passed."""
    return Process(partial(_run_commands, str(gate), count), environment)


def _run_commands(gate: str, count: int) -> None:
    import sys

    from savctl.cli.framework.run import run

    with Path(gate).open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
    codes = [run(["ticket", "list", "-o", "json"]) for _ in range(count)]
    if set(codes) - {0, 8}:
        sys.exit(100)
    sys.exit(codes.count(0))
