"""`--at` beyond what a TIMESTAMP holds is answered, not failed (rules 20.7)."""

from __future__ import annotations

import json

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.conftest import Cli
from tests.given import brought_to, snapshot

JOBS = ("auto-close", "close-resolved", "sla-escalation", "sla-audit", "archive", "retention")
FAR = ("2099-01-01", "2038-01-19T03:14:08Z", "8998-12-31")
COMMANDS = (
    "ticket assign {open} --to 10",
    "ticket resolve {in_progress} --message done",
    "ticket wait {in_progress} --message please",
    "ticket close {resolved} --reason x",
    "message add {waiting_customer} --from customer:456 --body x",
    "message read {waiting_customer} --by 10",
    "ticket merge {open} --into {in_progress} --yes",
    "ticket create --user 1 --subject s --description d",
    "ticket edit {open} --subject x",
    "ticket priority {open} high --reason x",
    "gdpr hold add {open} --reason x",
)
READING = ("sla due", "sla report", "ticket list --since 3d", "sla show {open}", "report workload")


@pytest.fixture
def numbers(database: Database, clock: SetClock) -> dict[str, str]:
    return {str(s): brought_to(database, clock, s).ticket_number for s in Status}


@pytest.mark.parametrize("at", FAR)
def test_jobs_tell_what_they_would_do_then(
    cli: Cli, database: Database, numbers: dict[str, str], at: str
) -> None:
    before = snapshot(database)

    for job in JOBS:
        outcome = cli("job", "run", job, "--dry-run", "--at", at, "-o", "json", "--yes")
        assert outcome.code in {0, 8}, outcome.err  # 8: there is no folder of files here
        if outcome.code == 0:
            assert json.loads(outcome.out)["failed"] == 0

    closed = cli("job", "run", "auto-close", "--dry-run", "--at", at, "-o", "json").out
    assert json.loads(closed)["changed"] == 1
    assert snapshot(database) == before


@pytest.mark.parametrize("at", ["2099-01-01", "1970-01-01"])
def test_commands_tell_what_they_would_do_then(
    cli: Cli, database: Database, numbers: dict[str, str], at: str
) -> None:
    before = snapshot(database)

    for words in COMMANDS:
        outcome = cli(*words.format(**numbers).split(), "--dry-run", "--at", at, "--as", 10)
        assert outcome.code == 0, (words, outcome.err)
    for words in READING:
        outcome = cli(*words.format(**numbers).split(), "--at", at)
        assert outcome.code in {0, 4}, (words, outcome.err)  # 4: it did not exist in 1970

    assert snapshot(database) == before
