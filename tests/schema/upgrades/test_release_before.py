"""Upgrades without a stop (rules 19.3): the release before works on the new schema."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from savctl.errors import SchemaMismatch
from savctl.persistence.engine import Database
from savctl.persistence.schema import revision_record, versions
from savctl.persistence.schema.tables import REVISION_TABLE, VERSION_TABLE
from savctl.usecases.database import schema as use_cases
from savctl.usecases.database.status import status
from tests.conftest import Cli
from tests.given import AGENT
from tests.schema.support import run_sql
from tests.schema.upgrades.release_before import SCHEMA, ReleaseBefore, wheel_of_before

LATER = "9998"
NEW = ("ticket", "create", "--user", 456, "--subject", "Parcel", "--description", "d", "-o", "ids")


@pytest.fixture
def before(empty_database: Database, environment: dict[str, str], tmp_path: Path) -> ReleaseBefore:
    quick = "" if empty_database.is_sqlite else "?ssl_disabled=true"
    url = empty_database.url.render_as_string(hide_password=False) + quick
    return ReleaseBefore(wheel_of_before(), url, environment, tmp_path / "before")


def rows(database: Database) -> tuple[str | None, str | None]:
    with database.reading() as connection:
        found = revision_record.read(connection)
    return found.revision, found.works_from


@pytest.mark.slow("two releases, with a process for each command")
@pytest.mark.only_on("mariadb", "mysql")
def test_the_release_before_works_on_while_a_new_one_upgrades(
    before: ReleaseBefore,
    empty_database: Database,
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before("db", "upgrade")
    scheduler = before.start("scheduler", "run")
    try:
        old = before(*NEW).strip()
        monkeypatch.setenv(
            "SAVCTL_DATABASE_URL",
            empty_database.url.render_as_string(hide_password=False) + "?ssl_disabled=true",
        )

        upgraded = cli("db", "upgrade", "-o", "json")

        assert upgraded.code == 0, upgraded.err
        assert json.loads(upgraded.out)["after"] == versions.HEAD
        assert rows(empty_database) == (versions.HEAD, revision_record.WORKS_FROM)
        new = cli(*NEW).out.strip()
        for number in (old, new):  # each release works on the other's tickets
            before.in_turn(
                ("ticket", "assign", number, "--to", AGENT),
                ("message", "add", number, "--from", f"agent:{AGENT}", "--body", "It left."),
            )
            assert cli("ticket", "wait", number, "--as", AGENT).code == 0
            before.in_turn(
                ("message", "add", number, "--from", "customer:456", "--body", "Thanks.")
            )
            assert cli("ticket", "resolve", number, "--as", AGENT).code == 0
        jobs = [row["job"] for row in json.loads(before("job", "list", "-o", "json"))]
        before.in_turn(*(("job", "run", job) for job in jobs), codes=(0, 9))  # 9: it runs already
        before.in_turn(("ticket", "show", old), ("db", "status"), ("db", "upgrade"))
        assert rows(empty_database) == (versions.HEAD, revision_record.WORKS_FROM)
        assert cli("scheduler", "tick", "--quiet").code == 0
        checked = cli("db", "check", "-o", "json")
        assert checked.code == 0, checked.out
        assert scheduler.poll() is None
    finally:
        scheduler.send_signal(signal.SIGTERM)
        _, words = scheduler.communicate(timeout=60)
    assert "schema" not in words
    assert "Traceback" not in words


def test_a_newer_schema_that_only_added_is_worked_with(database: Database, cli: Cli) -> None:
    run_sql(database, f"UPDATE {REVISION_TABLE} SET version_num = '{LATER}'")
    try:
        found = status(database)
        created, upgraded = cli(*NEW), cli("db", "upgrade", "-o", "json")

        assert (found.state, found.current, found.fits) == ("newer", LATER, True)
        assert created.code == 0, created.err
        answer = json.loads(upgraded.out)
        assert (answer["before"], answer["after"], answer["changed"]) == (LATER, LATER, False)
        schema = [r for r in json.loads(cli("doctor", "-o", "json").out) if r["check"] == "schema"]
        assert [row["level"] for row in schema] == ["warn"]
    finally:
        run_sql(database, f"UPDATE {REVISION_TABLE} SET version_num = '{versions.HEAD}'")


def test_a_newer_schema_that_did_more_is_refused(database: Database) -> None:
    for table in (REVISION_TABLE, VERSION_TABLE):
        run_sql(database, f"UPDATE {table} SET version_num = '{LATER}'")
    try:
        with database.reading() as connection, pytest.raises(SchemaMismatch, match="newer"):
            versions.require_current(connection, database.name)
    finally:
        run_sql(database, f"UPDATE {REVISION_TABLE} SET version_num = '{versions.HEAD}'")
        oldest = revision_record.WORKS_FROM
        run_sql(database, f"UPDATE {VERSION_TABLE} SET version_num = '{oldest}'")


def test_a_database_of_the_release_before_is_upgraded_and_named_again(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(versions, "HEAD", SCHEMA)
        use_cases.upgrade(empty_database, owner="tests")
    run_sql(empty_database, f"DROP TABLE {REVISION_TABLE}")  # that release knew one table only

    use_cases.upgrade(empty_database, owner="tests")

    assert rows(empty_database) == (versions.HEAD, revision_record.WORKS_FROM)
    assert status(empty_database).state == "current"


def test_what_an_old_release_took_down_is_brought_up_again(empty_database: Database) -> None:
    use_cases.upgrade(empty_database, owner="tests")
    run_sql(
        empty_database,
        "DROP TABLE savctl_suppressions",
        f"UPDATE {VERSION_TABLE} SET version_num = '0009'",
    )

    before = status(empty_database)
    use_cases.upgrade(empty_database, owner="tests")

    assert (before.state, before.current) == ("behind", "0009")
    assert rows(empty_database) == (versions.HEAD, revision_record.WORKS_FROM)
    with empty_database.reading() as connection:
        connection.exec_driver_sql("SELECT * FROM savctl_suppressions")


def test_going_down_names_the_older_release_that_works(empty_database: Database) -> None:
    use_cases.upgrade(empty_database, owner="tests")
    word = use_cases.confirmation_word(empty_database)

    use_cases.downgrade(empty_database, "0007", owner="tests", confirmed=word)

    assert rows(empty_database) == ("0007", "0007")
