"""The lines of `savctl doctor`: stable names, one each, advice wherever something is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.doctor.checks import CheckLevel, CheckResult
from savctl.usecases.doctor.lines import LINES, as_lines
from tests.conftest import Cli, Servers
from tests.given import created, rows
from tests.servers.ports import LOOPBACK, free_port

NAMES = {
    *("database", "schema", "timezone", "clock", "connections", "tables", "indexes"),
    *("slow-queries", "jobs", "scheduler", "leases", "outbox", "broker", "queues", "bucket"),
    *("files", "scanner", "backup", "binlog", "mirror", "erasures", "keys", "token", "sla"),
    "sync",
}


def examined(cli: Cli, *more: str) -> tuple[Any, dict[str, Any]]:
    outcome = cli("doctor", "-o", "json", *more)
    lines = json.loads(outcome.out)
    assert len({line["check"] for line in lines}) == len(lines)
    assert {line["check"] for line in lines} <= NAMES
    for line in lines:
        assert (line["level"] in {"ok", "off"}) == (line["advice"] is None), line
    return outcome, {line["check"]: line for line in lines}


def test_each_thing_has_one_line_and_what_is_not_configured_is_off(cli: Cli, kind: str) -> None:
    cli("ticket", "list")  # an embedded database makes its schema by itself

    outcome, lines = examined(cli)

    assert (outcome.code, list(lines)) == (0, list(LINES))
    assert set(LINES) == NAMES
    off = {name for name, line in lines.items() if line["level"] == "off"}
    later = {"backup", "binlog", "mirror"}
    uncounted = {"slow-queries", *(["connections"] if kind == "sqlite" else [])}
    assert off - later == {"broker", "keys", "queues", "scanner", "token"} | uncounted


def test_nothing_is_cut_off_a_terminal_and_nothing_is_repeated_on_stderr(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "d" * 64
    monkeypatch.setenv(
        "SAVCTL_DATABASE_URL", f"mysql+pymysql://sav@{LOOPBACK}:{free_port()}/{name}"
    )

    outcome, lines = examined(cli)
    page = cli("doctor")

    assert (outcome.code, page.code) == (8, 8)
    assert "ECONNREFUSED" in lines["database"]["found"]
    assert lines["database"]["found"] in page.out
    assert lines["database"]["advice"] in page.out
    assert "ECONNREFUSED" not in page.err
    assert page.err.count("\n") == 1


def test_a_missing_schema_is_no_error_of_the_bucket(
    cli: Cli, empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with empty_database.reading() as connection:
        connection.exec_driver_sql("SELECT 1")
    url = empty_database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("SAVCTL_DATABASE_URL", url)

    outcome, lines = examined(cli)

    assert outcome.code == 10
    wrong = {name for name, line in lines.items() if line["level"] in {"warn", "error"}}
    assert wrong == {"schema"}
    assert "savctl db upgrade" in lines["schema"]["advice"]


def test_a_doctor_uses_up_no_ticket_id(
    cli: Cli, kind: str, database: Database, clock: SetClock, servers: Servers
) -> None:
    if kind == "sqlite":
        pytest.skip("SQLite gives the id of a rolled back row again")
    first = created(database, clock).id

    for _ in range(3):
        assert cli("doctor").code in {0, 10}

    assert created(database, clock).id == first + 1
    assert rows(database, "SELECT count(*) AS n FROM support_tickets") == [{"n": 2}]


def test_a_line_has_the_gravest_level_and_only_what_is_not_well() -> None:
    results = [
        CheckResult(check="bucket", level=CheckLevel.OK, found="it answers"),
        CheckResult(check="bucket clock", level=CheckLevel.WARN, found="9 s ahead", advice="NTP."),
        CheckResult(check="bucket rights", level=CheckLevel.ERROR, found="put", advice="Grant."),
    ]

    [line] = as_lines(results)

    assert (line.check, line.level) == ("bucket", CheckLevel.ERROR)
    assert line.found == "rights: put; clock: 9 s ahead"
    assert line.advice == "Grant. NTP."
