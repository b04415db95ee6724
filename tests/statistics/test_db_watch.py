"""`db slow` and `db indexes` on a server that counts, on one that does not, and on SQLite."""

from __future__ import annotations

import json
from typing import Any

import pytest

from savctl.persistence.engine import Database
from tests.conftest import Cli
from tests.schema.support import run_sql

MARKER = "Ada Lovelace"
SLOW = f"SELECT SLEEP(0.15), id FROM support_tickets WHERE subject = '{MARKER}' OR 1 = 1"
on_servers = pytest.mark.only_on("mariadb", "mysql")


def listed(cli: Cli, *words: str) -> list[dict[str, Any]]:
    outcome = cli(*words, "-o", "json")
    assert outcome.code == 0, outcome.err
    assert MARKER not in outcome.out + outcome.err
    found: list[dict[str, Any]] = json.loads(outcome.out)
    return found


def ticket(database: Database) -> None:
    run_sql(
        database,
        "INSERT INTO support_tickets (ticket_number, user_id, subject, description, created_at, "
        "updated_at) VALUES ('TKT-AAAAAA', 1, 's', 'd', '2025-10-03', '2025-10-03')",
    )


@pytest.fixture
def ready(cli: Cli, counting: Database) -> Cli:
    """The command line on the server that counts; `cli` sets its own address first."""
    return cli


@on_servers
@pytest.mark.parametrize("source", ["performance-schema", "slow-log"])
def test_a_slow_statement_is_listed_without_its_values(
    source: str, ready: Cli, counting: Database, kind: str
) -> None:
    ticket(counting)
    run_sql(counting, SLOW)
    run_sql(counting, SLOW.replace(MARKER, "Grace Hopper"))

    found = listed(ready, "db", "slow", "--source", source)

    (row,) = (one for one in found if "SLEEP" in one["statement"].upper())
    assert (row["calls"], row["source"].replace("_", "-")) == (2, source)
    assert row["max_ms"] >= 150
    assert row["total_ms"] >= 300
    if source == "slow-log" or kind == "mysql":
        assert row["slow"] == 2
    assert listed(ready, "db", "slow", "--over", "9s", "--source", source) == []


@on_servers
def test_a_privilege_that_lacks_is_named_with_the_statement_that_grants_it(
    ready: Cli, counting: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for statement in (
        "DROP USER IF EXISTS 'poor'@'127.0.0.1'",
        "CREATE USER 'poor'@'127.0.0.1' IDENTIFIED BY 'p'",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON counted.* TO 'poor'@'127.0.0.1'",
    ):
        run_sql(counting, statement)
    url = counting.url.set(username="poor", password="p")  # noqa: S106 - of this test
    monkeypatch.setenv("SAVCTL_DATABASE_URL", url.render_as_string(hide_password=False))

    for words in (("db", "slow", "--source", "performance-schema"), ("db", "indexes")):
        outcome = ready(*words)
        assert outcome.code == 0
        statement = outcome.err.partition("To see it: ")[2].splitlines()[0]
        assert statement == "GRANT SELECT ON performance_schema.* TO 'poor'@'127.0.0.1'"
    run_sql(counting, statement)

    assert "GRANT" not in ready("db", "indexes").err
    slow_log = ready("db", "slow", "--source", "slow-log").err
    assert "GRANT SELECT ON mysql.slow_log TO 'poor'@'127.0.0.1'" in slow_log


@on_servers
def test_an_index_that_nobody_reads_is_named_with_the_statement_that_drops_it(
    ready: Cli, counting: Database
) -> None:
    ticket(counting)
    run_sql(counting, "CREATE INDEX of_nobody ON support_tickets (resolved_at)")
    run_sql(counting, "CREATE INDEX of_somebody ON support_tickets (closed_at)")
    run_sql(
        counting,
        "SELECT id FROM support_tickets FORCE INDEX (of_somebody) WHERE closed_at IS NULL",
    )

    states = {one["index"]: one for one in listed(ready, "db", "indexes")}

    assert states["of_nobody"]["state"] == "unused"
    assert states["of_somebody"]["state"] == "used"
    assert states["of_somebody"]["reads"] >= 1
    assert states["support_tickets_priority_index"]["statement"] is None
    assert states["support_tickets_ticket_number_unique"]["state"] in {"kept", "used"}
    run_sql(counting, states["of_nobody"]["statement"])
    assert "of_nobody" not in {one["index"] for one in listed(ready, "db", "indexes")}


def test_an_index_that_savctl_wants_is_named_with_the_statement_that_makes_it(
    cli: Cli, database: Database, kind: str
) -> None:
    on = "" if kind == "sqlite" else " ON support_tickets"
    for index in ("status", "status_priority"):
        run_sql(database, f"DROP INDEX support_tickets_{index}_index{on}")
    try:
        missing = listed(cli, "db", "indexes", "--state", "missing")
        lines = {line["check"]: line for line in json.loads(cli("doctor", "-o", "json").out)}
    finally:
        for one in missing:
            run_sql(database, one["statement"])

    assert {tuple(one["columns"]) for one in missing} == {("status",), ("status", "priority")}
    assert "support_tickets(status, priority)" in lines["indexes"]["found"]
    assert lines["indexes"]["level"] == "warn"
    assert listed(cli, "db", "indexes", "--state", "missing") == []


def test_what_nobody_counts_is_named_with_the_way_to_count_it(
    cli: Cli, database: Database, kind: str
) -> None:
    slow, indexes = cli("db", "slow"), cli("db", "indexes")
    doctor = {line["check"]: line for line in json.loads(cli("doctor", "-o", "json").out)}

    assert (slow.code, indexes.code) == (0, 0)
    wanted = "EXPLAIN QUERY PLAN" if kind == "sqlite" else "performance_schema = ON"
    assert wanted in slow.err
    assert wanted in indexes.err
    assert doctor["slow-queries"]["level"] == "off"
    if kind != "sqlite":
        assert "SET GLOBAL slow_query_log = ON" in slow.err
        assert " of 300 in use" in doctor["connections"]["found"]


@on_servers
def test_the_doctor_counts_what_is_slow(ready: Cli, counting: Database) -> None:
    ticket(counting)
    run_sql(counting, SLOW)

    lines = {line["check"]: line for line in json.loads(ready("doctor", "-o", "json").out)}

    assert "took over 100 ms at least once" in lines["slow-queries"]["found"]
    assert lines["slow-queries"]["level"] == "ok"


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("words", [("slow", "--over", "soon"), ("indexes", "--state", "lost")])
def test_a_value_that_makes_no_sense_is_refused(cli: Cli, words: tuple[str, ...]) -> None:
    assert cli("db", *words).code == 2
