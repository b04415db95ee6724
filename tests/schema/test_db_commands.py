"""`savctl db …` and `savctl doctor` as scripts see them: stdout, stderr, exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from savctl.cli.framework.run import run
from savctl.persistence.engine import Database
from tests.archive.support import archived_ids, old_tickets
from tests.conftest import Cli, Outcome
from tests.schema.support import run_sql

pytestmark = pytest.mark.each_database("the schema is each database's own")

Words = Callable[..., Outcome]


@pytest.fixture
def words(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Words:
    """Run `savctl WORDS…` on a database, or on a fresh embedded home."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SAVCTL_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def call(*given: str, on: Database | None = None) -> Outcome:
        with monkeypatch.context() as patched:
            if on is not None:
                url = on.url.render_as_string(hide_password=False)
                patched.setenv("SAVCTL_DATABASE_URL", url)
            capsys.readouterr()
            code = run(given)
            shown = capsys.readouterr()
        return Outcome(code, shown.out, shown.err)

    return call


def test_a_fresh_home_is_looked_at_without_being_made(words: Words, tmp_path: Path) -> None:
    codes = [
        words("db", "status").code,
        words("db", "upgrade", "--dry-run").code,
        words("doctor").code,
        words("db", "ping").code,
    ]

    assert codes == [0, 0, 0, 8]
    assert not (tmp_path / "home").exists()


def test_a_fresh_home_is_upgraded_checked_and_taken_back(words: Words) -> None:
    assert json.loads(words("db", "upgrade", "-o", "json").out)["changed"] is True
    assert json.loads(words("db", "upgrade", "-o", "json").out)["changed"] is False
    assert words("db", "status", "--verify").code == 0
    assert json.loads(words("db", "check", "-o", "json").out) == []
    assert words("doctor").code == 0
    assert words("db", "downgrade", "0001").code == 6
    assert words("db", "downgrade", "0001", "--confirm", "savctl.db").code == 0
    assert json.loads(words("db", "status", "-o", "json").out)["state"] == "behind"
    assert words("db", "adopt").code == 5


def test_a_downgrade_that_would_lose_archived_tickets_is_refused(
    words: Words, database: Database
) -> None:
    old_tickets(database, 3)
    assert words("archive", "run", on=database).code == 0

    refused = words("db", "downgrade", "0004", on=database)
    tried = words("db", "downgrade", "0004", "--dry-run", on=database)

    assert (refused.code, tried.code) == (5, 5)
    assert "archived tickets: 3" in refused.err
    assert archived_ids(database) == {1, 2, 3}


def test_a_downgrade_names_what_it_drops_and_wants_the_name(
    words: Words, database: Database, kind: str
) -> None:
    old_tickets(database, 3)
    name = "savctl.db" if kind == "sqlite" else str(database.url.database)

    refused = [words("db", "downgrade", "base", *more, on=database) for more in ((), ("--yes",))]
    wrong = words("db", "downgrade", "base", "--confirm", "another", on=database)
    tried = words("db", "downgrade", "base", "--dry-run", on=database)

    assert [outcome.code for outcome in (*refused, wrong, tried)] == [6, 6, 6, 0]
    for outcome in refused:
        assert "support_tickets (3 rows)" in outcome.err
        assert f"--confirm {name}" in outcome.err
    assert "support_tickets" in tried.err
    assert "3 rows" in tried.err
    assert words("ticket", "list", "-o", "ids", on=database).out.count("TKT-") == 3


@pytest.mark.parametrize(
    "command",
    [
        ("db", "upgrade"),
        ("db", "downgrade", "0001"),
        ("db", "check", "--fix"),
        ("db", "optimize"),
        ("job", "run", "auto-close"),
        ("event", "skip", "1"),
        ("ticket", "merge", "1", "--into", "2"),
    ],
    ids=" ".join,
)
def test_a_protected_database_is_named_first(
    words: Words,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    monkeypatch.setenv("SAVCTL_PROTECTED", "true")

    shown = words(*command, on=database)

    first, *more = shown.err.splitlines()
    assert first == f"PRODUCTION {database.name}"
    assert not any("PRODUCTION" in line for line in more)
    assert "PRODUCTION" not in words("ticket", "list", on=database).err


def test_adopting_answers_with_the_tolerated_differences(words: Words, laravel: Database) -> None:
    tried = words("db", "adopt", "--dry-run", "-o", "json", on=laravel)
    done = words("db", "adopt", "-o", "json", on=laravel)

    assert (tried.code, done.code) == (0, 0)
    for shown, dry_run in ((tried, True), (done, False)):
        answer = json.loads(shown.out)
        assert (answer["changed"], answer["dry_run"]) == (True, dry_run)
        assert {d["level"] for d in answer["differences"]} == {"tolerated"}
    assert words("ticket", "list", "-o", "ids", on=laravel).out.count("TKT-") == 3


def test_a_refused_adoption_lists_the_errors_with_their_repair(
    words: Words, laravel: Database
) -> None:
    run_sql(laravel, "ALTER TABLE support_tickets MODIFY user_id BIGINT NOT NULL")

    tried = words("db", "adopt", "--dry-run", "-o", "json", on=laravel)
    refused = words("db", "adopt", "-o", "json", on=laravel)
    upgraded = words("db", "upgrade", on=laravel)
    used = words("ticket", "list", on=laravel)

    assert (tried.code, refused.code, upgraded.code, used.code) == (10, 5, 5, 2)
    for shown in (tried, refused):
        first = json.loads(shown.out)["differences"][0]
        assert (first["level"], first["column"]) == ("error", "user_id")
        assert first["repair"].startswith("ALTER TABLE support_tickets MODIFY user_id BIGINT UNS")
    assert json.loads(refused.err)["error"]["code"] == "schema_differs"
    assert "user_id" in json.loads(refused.err)["error"]["message"]


def test_verify_of_a_drifted_schema_exits_10(words: Words, laravel: Database) -> None:
    words("db", "adopt", on=laravel)
    run_sql(laravel, "ALTER TABLE support_tickets DROP INDEX support_tickets_status_index")

    shown = words("db", "status", "--verify", on=laravel)

    assert shown.code == 10
    assert "CREATE INDEX support_tickets_status_index" in shown.out


def test_a_broken_invariant_exits_10_and_a_repair_0(cli: Cli, database: Database) -> None:
    number = json.loads(
        cli(
            *("ticket", "create", "--user", 456, "--subject", "S", "--description", "D"),
            *("-o", "json"),
        ).out
    )["ticket_number"]
    run_sql(database, "UPDATE support_tickets SET metadata = NULL")

    found = cli("db", "check", "-o", "json")
    tried = cli("db", "check", "--fix", "--dry-run", "-o", "json")
    fixed = cli("db", "check", "--fix", "--as", 5)
    again = cli("db", "check", "-o", "json")

    assert [shown.code for shown in (found, tried, fixed, again)] == [10, 10, 0, 0]
    row = json.loads(found.out)[0]
    assert (row["check"], row["count"]) == ("audit-lost", 1)
    assert row["sample"][0]["ticket_number"] == number
    assert json.loads(tried.out)[0]["repaired"] == 1
    assert json.loads(again.out) == []


def test_doctor_exits_8_without_database_and_10_with_an_error(
    words: Words, laravel: Database
) -> None:
    nobody = Database("mysql+pymysql://root@127.0.0.1:1/none")

    silent = words("doctor", "-o", "json", on=nobody)
    not_adopted = words("doctor", on=laravel)

    assert silent.code == 8
    lines = json.loads(silent.out)
    assert [(row["check"], row["level"]) for row in lines if row["level"] != "off"] == [
        ("database", "error"),
        ("bucket", "warn"),  # an empty folder: whether it should be is not known now
    ]
    assert not_adopted.code == 10
    assert "savctl db adopt" in not_adopted.out


def test_ping_answers_one_object(cli: Cli) -> None:
    pong = json.loads(cli("db", "ping", "-o", "json").out)

    assert set(pong) == {"database", "server", "version", "time_zone", "round_trip_ms"}
