"""An export that is killed, stopped, or done twice at once: a whole file or none."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from tests.crash.processes import ended, finished, many_resolved, running, wait_until
from tests.given import CUSTOMER, rows

TICKETS, PERSON = 20_000, 2_000
AUDITED = "SELECT entry FROM savctl_audit WHERE action = 'export'"
WORDS = ("export", "tickets", "--with", "messages", "-o", "json", "--out")


@pytest.fixture
def shop(
    database: Database, database_url: str, environment: dict[str, str]
) -> tuple[dict[str, str], Database]:
    many_resolved(database, TICKETS)
    return environment | {"SAVCTL_DATABASE_URL": database_url}, database


def is_being_written(part: Path) -> bool:
    return part.exists() and part.stat().st_size > 0


@pytest.mark.slow("exports enough tickets to be caught at work")
def test_a_killed_export_leaves_a_part_that_the_next_one_takes_over(
    shop: tuple[dict[str, str], Database], tmp_path: Path
) -> None:
    environment, database = shop
    out, part = tmp_path / "t.jsonl", tmp_path / "t.jsonl.part"

    with running(environment, *WORDS, str(out)) as process:
        wait_until(lambda: is_being_written(part), what="the part")
        process.send_signal(signal.SIGKILL)
        process.communicate()

    assert (out.exists(), part.exists(), rows(database, AUDITED)) == (False, True, [])
    assert finished(environment, *WORDS, str(out)) == 0
    assert (len(out.read_bytes().splitlines()), part.exists()) == (TICKETS, False)
    assert json.loads(rows(database, AUDITED)[0]["entry"])["tickets"] == TICKETS


@pytest.mark.slow("exports enough tickets to be caught at work")
def test_a_second_export_into_the_same_file_is_reported_the_first_and_sigterm_leaves_nothing(
    shop: tuple[dict[str, str], Database], tmp_path: Path
) -> None:
    environment, database = shop
    out, part = tmp_path / "t.jsonl", tmp_path / "t.jsonl.part"

    with running(environment, *WORDS, str(out)) as first:
        wait_until(lambda: is_being_written(part), what="the part")
        first.send_signal(signal.SIGSTOP)
        second = finished(environment, *WORDS, str(out))
        first.send_signal(signal.SIGTERM)
        first.send_signal(signal.SIGCONT)
        code, stdout, stderr = ended(first)

    assert second == 9
    assert (code, stdout) == (143, "")
    assert "nothing was written" in stderr
    assert (out.exists(), part.exists(), rows(database, AUDITED)) == (False, False, [])


@pytest.mark.slow("exports enough tickets to be caught at work")
def test_a_killed_export_of_a_person_leaves_a_part_and_nothing_else(
    database: Database, database_url: str, environment: dict[str, str], tmp_path: Path
) -> None:
    many_resolved(database, PERSON)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment |= {
        "SAVCTL_DATABASE_URL": database_url,
        "SAVCTL_HOME": str(tmp_path / "home"),
        "TMPDIR": str(temporary),
    }
    out, part = tmp_path / "ada.zip", tmp_path / "ada.zip.part"
    words = ("gdpr", "export", str(CUSTOMER), "--out", str(out), "-o", "json")

    with running(environment, *words) as process:
        wait_until(lambda: is_being_written(part), what="the part")
        process.send_signal(signal.SIGKILL)
        process.communicate()

    assert (out.exists(), part.exists(), rows(database, AUDITED)) == (False, True, [])
    assert part.stat().st_mode & 0o777 == 0o600
    assert list(temporary.iterdir()) == []
    assert finished(environment, *words) == 0
    assert (out.exists(), part.exists()) == (True, False)
    assert json.loads(rows(database, AUDITED)[0]["entry"])["tickets"] == PERSON
