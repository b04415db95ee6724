"""A slot in the future of the database's clock is not begun and holds nothing up (rules 20.9)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from savctl.domain.clock import micro_text
from savctl.persistence.engine import Database
from savctl.persistence.schema import server_info
from tests.conftest import Cli
from tests.given import DAY, rows, write

EVERY_MINUTE = "SAVCTL_SCHEDULE_AUTO_CLOSE"
KNOWN = "SELECT value FROM savctl_meta WHERE name = 'job-known-since:auto-close'"
MINUTE = timedelta(minutes=1)


def stored(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"


def known_since(database: Database, moment: datetime) -> None:
    write(
        database,
        "INSERT INTO savctl_meta (name, value) "
        f"VALUES ('job-known-since:auto-close', '{micro_text(moment)}')",
    )


def begun(database: Database, slot: datetime, status: str = "ok") -> None:
    """What a host whose clock is wrong leaves behind."""
    write(
        database,
        "INSERT INTO savctl_runs (job, scheduled_for, started_by, status, host, token, started_at)"
        f" VALUES ('auto-close', '{stored(slot)}', 'cron', '{status}', 'web-9', 1,"
        f" '{stored(slot)}')",
    )


def slots_begun(database: Database) -> list[Any]:
    query = "SELECT scheduled_for FROM savctl_runs WHERE host <> 'web-9' ORDER BY id"
    return [row["scheduled_for"] for row in rows(database, query)]


@pytest.fixture
def now(database: Database, environment: dict[str, str]) -> datetime:
    """The database's now; auto-close is due every minute."""
    environment[EVERY_MINUTE] = "* * * * *"
    with database.reading() as connection:
        return server_info.now(connection)


@pytest.mark.parametrize("status", ["ok", "failed", "interrupted", "abandoned"])
@pytest.mark.parametrize(
    "words", ["scheduler tick --only auto-close", "job run auto-close --due"], ids=["tick", "due"]
)
def test_a_slot_of_a_wrong_clock_does_not_stop_the_job(
    database: Database, now: datetime, cli: Cli, status: str, words: str
) -> None:
    known_since(database, now - 5 * MINUTE)
    begun(database, now.replace(second=0, microsecond=0) + 90 * DAY, status)

    outcome = cli(*words.split())

    assert outcome.code == 0, outcome.err
    assert len(slots_begun(database)) == 1


def test_a_job_known_since_a_time_to_come_is_known_from_now_on(
    database: Database, now: datetime, cli: Cli
) -> None:
    known_since(database, now + 90 * DAY)

    cli("scheduler", "tick", "--only", "auto-close")

    assert len(slots_begun(database)) == 1
    known = rows(
        database, "SELECT value FROM savctl_meta WHERE name = 'job-known-since:auto-close'"
    )
    assert known[0]["value"] <= micro_text(now)


def test_why_and_doctor_name_what_a_wrong_clock_left(
    database: Database, now: datetime, cli: Cli
) -> None:
    slot = now.replace(second=0, microsecond=0) + 90 * DAY
    begun(database, slot)
    known_since(database, now + 30 * DAY)

    why = json.loads(cli("job", "why", "auto-close", "-o", "json").out)
    signs = json.loads(cli("doctor", "-o", "json").out)

    assert [row["host"] for row in why["slots_in_future"]] == ["web-9"]
    assert "whose clock was ahead" in why["because"]
    assert why["known_since_in_future"] is not None
    named = [sign["found"] for sign in signs if sign["check"] == "scheduler"]
    assert any(f"auto-close: slot {slot:%Y-%m-%d %H:%M}Z begun by web-9" in s for s in named)
    assert any("known since" in found for found in named)


def test_the_check_removes_it_and_says_so_in_the_audit(
    database: Database, now: datetime, cli: Cli
) -> None:
    begun(database, now - DAY)
    begun(database, now + 90 * DAY)
    known_since(database, now + 30 * DAY)

    found = cli("db", "check", "-o", "json")
    tried = cli("db", "check", "--fix", "--dry-run", "-o", "json")
    left = len(rows(database, "SELECT id FROM savctl_runs"))
    fixed = cli("db", "check", "--fix", "-o", "json")

    assert (found.code, tried.code, fixed.code, left) == (10, 10, 0, 2)
    assert json.loads(found.out)[0]["check"] == "slot-in-future"
    assert len(rows(database, "SELECT id FROM savctl_runs")) == 1
    assert (
        rows(database, "SELECT * FROM savctl_meta WHERE name = 'job-known-since:auto-close'") == []
    )
    assert len(rows(database, "SELECT id FROM savctl_audit WHERE action = 'repaired'")) == 2
    assert cli("db", "check").code == 0
