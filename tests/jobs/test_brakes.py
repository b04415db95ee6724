"""A brake names the number it counted, and stops no dry run (rules 11.5; command line, 1.4)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.archive.support import LAPSED, old_tickets
from tests.conftest import Cli
from tests.given import DAY, NOW, brought_to, snapshot

pytestmark = pytest.mark.only_on("sqlite")
CASES = {
    "auto-close": ("SAVCTL_CLOSING_BRAKE", "would close 5 tickets", "more than 2"),
    "close-resolved": ("SAVCTL_CLOSING_BRAKE", "would close 5 tickets", "more than 2"),
    "archive": ("SAVCTL_ARCHIVE_BRAKE", "would move 5 tickets", "more than 2"),
    "retention": ("SAVCTL_RETENTION_BRAKE", "would remove 5 tickets", "more than 2"),
}


@pytest.fixture(params=CASES)
def job(
    request: pytest.FixtureRequest, database: Database, monkeypatch: pytest.MonkeyPatch
) -> str:
    """A job to which five tickets are due where two are allowed."""
    name: str = request.param
    long_ago = SetClock(NOW - 60 * DAY)
    if name in {"archive", "retention"}:
        old_tickets(database, 5, closed_at=LAPSED)
    else:
        status = Status.WAITING_CUSTOMER if name == "auto-close" else Status.RESOLVED
        for _ in range(5):
            brought_to(database, long_ago, status)
    monkeypatch.setenv(CASES[name][0], "2")
    return name


def test_a_braked_run_names_how_many_it_would_change(
    cli: Cli, database: Database, job: str
) -> None:
    before = snapshot(database)["support_tickets"]

    outcome = cli("job", "run", job, "-o", "json")

    error = json.loads(outcome.err)["error"]
    assert (outcome.code, outcome.out, error["due"], error["limit"]) == (6, "", 5, 2)
    assert all(words in error["message"] for words in CASES[job][1:])
    assert "--dry-run" in error["hint"]
    assert "--dry-run --yes" not in error["hint"]
    assert snapshot(database)["support_tickets"] == before


def test_a_dry_run_lists_all_and_says_that_the_real_run_would_stop(
    cli: Cli, database: Database, job: str
) -> None:
    before = snapshot(database)

    outcome, confirmed = (cli("job", "run", job, "-n", "-o", "json", *y) for y in ((), ("-y",)))

    report = json.loads(outcome.out)
    assert (outcome.code, report["changed"], len(report["items"])) == (0, 5, 5)
    assert "the real run would stop" in outcome.err
    assert all(words in outcome.err for words in CASES[job][1:])
    assert "would stop" not in confirmed.err
    assert (confirmed.code, json.loads(confirmed.out)["changed"]) == (0, 5)
    assert snapshot(database) == before


def test_counting_ends_where_it_would_be_slow(
    cli: Cli, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("savctl.usecases.batch.safety_limit.COUNTED", 3)
    monkeypatch.setenv("SAVCTL_BATCH_SIZE", "1")

    outcome = cli("job", "run", job)

    assert outcome.code == 6
    assert "more than 3 tickets" in outcome.err


def test_what_stands_below_a_short_list_is_the_true_remainder(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for _ in range(5):
        brought_to(database, SetClock(NOW - 60 * DAY), Status.RESOLVED)
    monkeypatch.setattr("savctl.usecases.batch.report.LISTED", 3)
    monkeypatch.setattr("savctl.cli.job.running.ITEMS_IN_TABLE", 2)

    outcome = cli("job", "run", "close-resolved", "--dry-run")

    assert outcome.out.splitlines()[-1] == "  … and 3 more: -o jsonl lists all"


def test_json_lines_hold_every_item_of_a_dry_run(
    cli: Cli, database: Database, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("savctl.usecases.batch.report.LISTED", 3)

    lines = cli("job", "run", job, "--dry-run", "-o", "jsonl")
    bounded = json.loads(cli("job", "run", job, "--dry-run", "-o", "json").out)

    whole = json.loads(lines.out)
    assert (lines.code, lines.out.count("\n")) == (0, 1)
    assert [item["outcome"] for item in whole["items"]] == ["changed"] * 5
    assert len({item["id"] for item in whole["items"]}) == 5
    assert (len(bounded["items"]), bounded["items_omitted"]) == (3, 2)
    assert whole.keys() == bounded.keys() - {"items_omitted"}
