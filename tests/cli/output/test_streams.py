"""stdout and stderr on a full disk, and streams that were closed (contract 1.2, 1.3)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.given import created, rows

FULL = Path("/dev/full")
NEW = ("ticket", "create", "--user", "456", "--subject", "s", "--description", "d")

pytestmark = [
    pytest.mark.slow("starts a process for each stream"),
    pytest.mark.only_on("sqlite"),
    pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full"),
]


@pytest.fixture
def environment_of(database_url: str, environment: dict[str, str]) -> dict[str, str]:
    return environment | {"SAVCTL_DATABASE_URL": database_url}


def into_a_full_disk(environment: dict[str, str], *words: str) -> tuple[int, str]:
    """The exit code, and what stderr gets, of a command whose stdout takes nothing."""
    with FULL.open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "savctl", *words],
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("ticket", "list"),
        ("ticket", "list", "--help"),
        ("export", "tickets", "--out", "-", "--format", "jsonl"),
        ("gdpr", "export", "456", "--out", "-"),
        (*NEW, "--dry-run"),
    ],
)
def test_an_answer_that_finds_no_room_is_named_as_such_and_may_be_asked_again(
    database: Database, clock: SetClock, environment_of: dict[str, str], words: tuple[str, ...]
) -> None:
    created(database, clock)

    code, error_text = into_a_full_disk(environment_of, *words)

    assert code == 8
    assert "No space left on device" in error_text
    assert "Traceback" not in error_text
    assert "Exception ignored" not in error_text


def test_a_script_gets_it_as_json(
    database: Database, clock: SetClock, environment_of: dict[str, str]
) -> None:
    created(database, clock)

    code, error_text = into_a_full_disk(environment_of, "ticket", "list", "-o", "json")

    error = json.loads(error_text)["error"]
    assert (code, error["exit"], error["code"]) == (8, 8, "answer_lost")


def test_a_change_whose_answer_is_lost_is_not_called_safe_to_repeat(
    database: Database, environment_of: dict[str, str]
) -> None:
    code, error_text = into_a_full_disk(environment_of, *NEW)

    assert (code, len(rows(database, "SELECT id FROM support_tickets"))) == (3, 1)
    assert "the changes are stored, but savctl cannot write the answer" in error_text
    assert "Check what is stored before you run it again" in error_text


def test_what_is_written_beside_the_answer_stops_no_work_where_there_is_no_room_for_it(
    database: Database, clock: SetClock, environment_of: dict[str, str]
) -> None:
    tickets = [created(database, clock) for _ in range(2)]
    words = ("ticket", "assign", *(str(t.id) for t in tickets), "--to", "10", "-o", "ids")

    with FULL.open("wb") as full:
        command = [sys.executable, "-m", "savctl", *words]
        done = subprocess.run(
            command, env=environment_of, stdout=subprocess.PIPE, stderr=full, check=False
        )

    assert done.returncode == 0
    assert done.stdout.decode().split() == [ticket.ticket_number for ticket in tickets]
    held = rows(database, "SELECT assigned_to FROM support_tickets")
    assert [row["assigned_to"] for row in held] == [10, 10]


def test_a_job_does_its_work_where_its_log_finds_no_room(
    database: Database, clock: SetClock, environment_of: dict[str, str]
) -> None:
    created(database, clock)
    command = [sys.executable, "-m", "savctl", "job", "run", "event-relay", "-v", "-o", "json"]

    with FULL.open("wb") as full:
        done = subprocess.run(
            command, env=environment_of, stdout=subprocess.PIPE, stderr=full, check=False
        )

    assert (done.returncode, json.loads(done.stdout)["job"]) == (0, "event-relay")
    assert [row["status"] for row in rows(database, "SELECT status FROM savctl_runs")] == ["ok"]


@pytest.mark.parametrize(
    ("closing", "words", "code"),
    [
        (">&-", "ticket list", 0),
        ("2>&-", "ticket show 999", 4),
        ("<&-", "ticket merge 2 --into 1", 6),
    ],
)
def test_a_stream_that_was_closed_is_no_bug(
    database: Database,
    clock: SetClock,
    environment_of: dict[str, str],
    closing: str,
    words: str,
    code: int,
) -> None:
    for _ in range(2):
        created(database, clock)

    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -m savctl {words} {closing}', sys.executable],
        env=environment_of,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == code
    assert "Traceback" not in done.stderr
