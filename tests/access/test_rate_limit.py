"""Sixty commands a minute for the user of a token, and what counts (rules 12.5)."""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock, system_clock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.database.cache_cleanup import clean_caches
from tests.access.token_users import (
    KEY,
    a_token,
    counted,
    held_back,
    let_pass,
    start_commands,
    with_token,
    with_token_of,
)
from tests.conftest import Cli
from tests.given import CUSTOMER, rows, write

PROCESSES, EACH = 20, 5
LIST = ("ticket", "list")
CREATE = ("ticket", "create", "--user", CUSTOMER, "--subject", "s", "--description", "d")
on_each = pytest.mark.each_database("rows are locked in another way")


@on_each
@pytest.mark.slow("a hundred commands")
def test_of_a_hundred_commands_at_once_exactly_sixty_pass(
    database: Database, database_url: str, environment: dict[str, str], tmp_path: Path
) -> None:
    quick = "" if database.is_sqlite else "?ssl_disabled=true"
    given = {
        **environment,
        "SAVCTL_DATABASE_URL": f"{database_url}{quick}",
        "SAVCTL_TOKEN_KEY": KEY,
    }
    gate = tmp_path / "gate"

    with ExitStack() as processes:
        with held_back(gate):
            running = [
                processes.enter_context(
                    start_commands({**given, "SAVCTL_TOKEN": a_token(7)}, gate, EACH)
                )
                for _ in range(PROCESSES)
            ]
            other = {**given, "SAVCTL_TOKEN": a_token(8)}
            others = processes.enter_context(start_commands(other, gate, EACH))
        passed = [process.wait(120) for process in running]
        assert others.wait(120) == EACH, others.communicate()

    assert max(passed) <= EACH, [process.communicate() for process in running]
    assert sum(passed) == 60
    assert counted(database) == {7: 60, 8: EACH}


@on_each
def test_the_next_one_is_refused_and_does_nothing(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_token(monkeypatch, limit=2)
    assert [cli(*LIST).code for _ in range(2)] == [0, 0]

    refused = cli(*CREATE, "-o", "json")

    assert (refused.code, refused.out) == (8, "")
    error = json.loads(refused.err)["error"]
    assert (error["code"], error["exit"]) == ("rate_limited", 8)
    assert type(error["retry_after_seconds"]) is int
    assert 1 <= error["retry_after_seconds"] <= 60
    assert rows(database, "SELECT id FROM support_tickets") == []


@on_each
def test_the_window_slides(cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with_token(monkeypatch, limit=2)
    cli(*LIST)
    let_pass(database, 40)
    cli(*LIST)
    let_pass(database, 15)
    assert cli(*LIST).code == 8  # the first is 55 s old

    let_pass(database, 5)

    assert [cli(*LIST).code for _ in range(2)] == [0, 8]


@on_each
def test_two_users_do_not_touch_each_other(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user in (5, 6, 5, 6):
        with_token(monkeypatch, user, limit=2)
        assert cli(*LIST).code == 0

    assert cli(*LIST).code == 8
    assert counted(database) == {5: 2, 6: 2}


@on_each
def test_hosts_whose_clocks_differ_by_ten_minutes_share_one_window(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_token(monkeypatch, limit=4)
    ahead = SetClock(system_clock() + timedelta(minutes=10))
    late = SetClock(system_clock())

    codes = []
    for host_clock in (ahead, late, ahead, late, ahead, late):
        monkeypatch.setattr("savctl.cli.framework.context.system_clock", host_clock)
        codes.append(cli(*LIST).code)

    assert codes == [0, 0, 0, 0, 8, 8]


def test_failed_commands_and_dry_runs_count_and_refused_ones_do_not(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_token(monkeypatch, limit=3)

    codes = [
        cli("ticket", "show", "TKT-NEVER1").code,
        cli(*CREATE, "--dry-run").code,
        cli("job", "run", "close-resolved", "--dry-run").code,
        cli(*LIST).code,
    ]

    assert codes == [4, 0, 0, 8]
    assert counted(database) == {5: 3}


def test_what_needs_no_token_or_is_the_machines_own_is_not_counted(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_token(monkeypatch, limit=1)
    cli(*LIST)

    codes = [
        cli(*words).code
        for words in (
            ("version",),
            ("states",),
            ("sla", "policy"),
            ("job", "run", "close-resolved", "--due"),
            ("scheduler", "tick"),
            ("db", "upgrade"),
        )
    ]

    assert 8 not in codes
    assert cli("job", "run", "close-resolved").code == 8


def test_it_is_counted_before_the_role_and_the_ticket_are_looked_at(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_token_of(monkeypatch, CUSTOMER, "customer")
    monkeypatch.setenv("SAVCTL_RATE_LIMIT", "2")

    codes = [cli(*words).code for words in (("sla", "report"), ("ticket", "show", "TKT-NEVER1"))]

    assert codes == [7, 4]
    assert counted(database) == {CUSTOMER: 2}
    assert cli("sla", "report").code == 8


def test_wrong_usage_is_not_counted(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_token(monkeypatch)

    assert [cli(*LIST, "--nonsense").code, cli(*LIST, "--columns", "shoe_size").code] == [2, 2]
    assert counted(database) == {}


def test_a_forged_token_counts_for_nobody(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_token(monkeypatch)
    monkeypatch.setenv("SAVCTL_TOKEN", a_token(key="another secret, which is long enough too"))

    assert cli(*LIST).code == 7
    assert counted(database) == {}


def test_operators_without_a_token_are_not_counted(cli: Cli, database: Database) -> None:
    assert [cli(*LIST).code for _ in range(3)] == [0, 0, 0]
    assert cli(*CREATE, "--as", "5").code == 0

    assert counted(database) == {}


def test_no_limit_counts_nobody(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_token(monkeypatch, limit=0)

    assert [cli(*LIST).code for _ in range(3)] == [0, 0, 0]
    assert counted(database) == {}


@on_each
def test_counts_of_idle_users_leave_with_the_cache_cleanup(
    cli: Cli, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user in (5, 6):
        with_token(monkeypatch, user)
        cli(*LIST)
    write(database, "UPDATE savctl_rate_limits SET last_at = '2025-10-03' WHERE user_id = 5")
    report = BatchReport()

    clean_caches(database, clock, terms=BatchContext(report=report))

    assert counted(database) == {6: 1}
    assert [(item.id, item.reason) for item in report.items] == [
        ("savctl_rate_limits", "1 expired")
    ]
