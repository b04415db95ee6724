"""What the server answers when it is "not now": exit 8, 7 or 2, never 1 (rules 20.14)."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.batch.through_a_cutter import cut_url, cutter, through
from tests.conftest import Cli
from tests.given import brought_to, created, rows
from tests.servers.network.commit_cutter import CommitCutter

__all__ = ["cut_url", "cutter", "through"]  # fixtures
pytestmark = pytest.mark.only_on("mariadb", "mysql")

NOT_NOW = (
    *(1020, 1021, 1030, 1036, 1037, 1038, 1040, 1041, 1047, 1053, 1114, 1129, 1135, 1152, 1158),
    *(1159, 1160, 1161, 1180, 1194, 1203, 1205, 1206, 1213, 1226, 1290, 1317, 1412, 1615, 1637),
    *(1792, 1836, 1927, 1969, 2003, 2006, 2013, 2055, 3024, 3032, 3100, 3101, 3168, 3169, 3572),
    *(4031, 9001),
)
NOT_US = (1044, 1045, 1130, 1142, 1143, 1227, 1370, 1698, 1820, 1862, 3118, 4151)
WRONG = (1049, 1054, 1146, 1251, 1406, 3159)
EXPECTED = {
    **dict.fromkeys(NOT_NOW, 8),
    **dict.fromkeys(NOT_US, 7),
    **dict.fromkeys(WRONG, 2),
}
COMMANDS = {
    "list": ("ticket", "list"),
    "ping": ("db", "ping"),
    "doctor": ("doctor",),
    "why": ("job", "why", "auto-close"),
}


def is_reading(query: bytes) -> bool:
    """What a node that is cut off from its cluster refuses; settings of the session are fine."""
    return query.startswith(b"SELECT") and b"@@" not in query


def changes_tickets(query: bytes) -> bool:
    return query.startswith(b"UPDATE support_tickets")


def tickets_in(query: bytes) -> int:
    return query.rpartition(b" IN (")[2].count(b",") + 1


class Times:
    """The first so many queries of a kind."""

    def __init__(self, count: int, of: Callable[[bytes], bool]) -> None:
        self.left, self._of = count, of

    def __call__(self, query: bytes) -> bool:
        is_one = self.left > 0 and self._of(query)
        self.left -= is_one
        return is_one


@pytest.mark.parametrize("command", COMMANDS)
def test_no_known_error_is_a_bug_and_no_library_writes_to_stderr(
    through: Cli, cutter: CommitCutter, command: str
) -> None:
    for number, code in EXPECTED.items():
        cutter.answer_with(number, is_reading)

        outcome = through(*COMMANDS[command], "-o", "json")

        expected = {code, 10} if command == "doctor" and code != 8 else {code}
        assert outcome.code in expected, (number, outcome.err)
        assert "Traceback" not in outcome.err
        assert len(outcome.err.splitlines()) == 1, (number, outcome.err)
        assert json.loads(outcome.err)["error"]["exit"] == outcome.code


def test_a_connection_that_cannot_be_rolled_back_prints_no_traceback(
    through: Cli, cutter: CommitCutter, caplog: pytest.LogCaptureFixture
) -> None:
    refused: list[bytes] = []

    def is_refused(query: bytes) -> bool:
        """What is read of a table, and from then on a rollback too."""
        if b" FROM " in query or (refused and query == b"ROLLBACK"):
            refused.append(query)
            return True
        return False

    cutter.answer_with(1180, is_refused)

    assert through("ticket", "list").code == 8

    assert b"ROLLBACK" in refused
    assert [record.message for record in caplog.records] == []


@pytest.mark.parametrize("number", [1020, 1040, 1047, 1053, 1205, 1213, 1317, 1927, 2006, 3169])
def test_a_change_is_tried_again_until_the_server_is_back(
    through: Cli, cutter: CommitCutter, database: Database, clock: SetClock, number: int
) -> None:
    ticket = brought_to(database, clock, Status.IN_PROGRESS).ticket_number
    cutter.answer_with(number, Times(2, changes_tickets))

    outcome = through("ticket", "resolve", ticket, "--as", 10)

    assert outcome.code == 0, outcome.err
    found = rows(database, "SELECT event FROM savctl_outbox WHERE event = 'TicketResolved'")
    assert len(found) == 1


@pytest.mark.slow("a lost connection is tried again for some seconds")
def test_a_loss_before_the_commit_says_that_nothing_was_stored(
    through: Cli, cutter: CommitCutter, database: Database, clock: SetClock
) -> None:
    ticket = brought_to(database, clock, Status.IN_PROGRESS).ticket_number
    cutter.answer_with(2013, changes_tickets)

    outcome = through("ticket", "resolve", ticket, "--as", 10)

    assert outcome.code == 8
    assert "nothing of this step was stored" in outcome.err
    cutter.answer_with(0, None)
    assert json.loads(through("ticket", "show", ticket, "-o", "json").out)["status"] == (
        "in_progress"
    )


def test_a_job_cut_off_from_its_cluster_is_interrupted_and_goes_on(
    through: Cli, cutter: CommitCutter, database: Database, clock: SetClock
) -> None:
    for _ in range(4):
        brought_to(database, clock, Status.RESOLVED)
    cutter.answer_with(1047, changes_tickets)

    outcome = through("job", "run", "close-resolved", "--yes", "-o", "json")

    assert outcome.code == 8
    assert len(outcome.err.splitlines()) == 1, outcome.err
    (run,) = rows(database, "SELECT status, failed, error FROM savctl_runs")
    assert (run["status"], run["failed"]) == ("interrupted", 0)
    assert "not ready" in run["error"]
    cutter.answer_with(0, None)
    assert through("job", "run", "close-resolved", "--yes").code == 0
    assert rows(database, "SELECT id FROM support_tickets WHERE status <> 'closed'") == []


def test_a_batch_in_conflict_with_other_writers_is_done_in_halves(
    through: Cli,
    cutter: CommitCutter,
    database: Database,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SAVCTL_BATCH_SIZE", "1000")
    for _ in range(8):
        brought_to(database, clock, Status.RESOLVED)
    cutter.answer_with(1213, lambda query: changes_tickets(query) and tickets_in(query) > 2)

    outcome = through("job", "run", "close-resolved", "--yes", "-o", "json")

    assert outcome.code == 0, outcome.err
    report = json.loads(outcome.out)
    assert (report["seen"], report["changed"], report["failed"]) == (8, 8, 0)


def test_conflicts_without_an_end_are_named_as_what_they_are(
    through: Cli, cutter: CommitCutter, database: Database, clock: SetClock
) -> None:
    number = created(database, clock).ticket_number
    cutter.answer_with(1213, changes_tickets)

    outcome = through("ticket", "assign", number, "--to", 10)

    assert outcome.code == 8
    assert "in conflict with other writers" in outcome.err
    assert "stayed locked" not in outcome.err
