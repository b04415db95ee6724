"""A database server that is down, closed to us, or of another schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest

from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import VERSION_TABLE
from savctl.persistence.schema.versions import HEAD
from tests.conftest import Cli
from tests.given import snapshot, write
from tests.servers.ports import free_port

pytestmark = pytest.mark.only_on("mariadb", "mysql")

PASSWORD, WRONG = "s3cret-Pässw@rd/1", "wr0ng-Pässw@rd/2"
NEW = ("ticket", "create", "--user", 456, "--subject", "s", "--description", "d")


@pytest.fixture
def ops(database: Database) -> Iterator[str]:
    """The address of a user who may read, without a password."""
    with database.engine.connect() as connection:
        connection.exec_driver_sql("DROP USER IF EXISTS ops")
        connection.exec_driver_sql(f"CREATE USER ops IDENTIFIED BY '{PASSWORD}'")
        connection.exec_driver_sql(f"GRANT SELECT ON {database.url.database}.* TO ops")
        yield f"{database.url.host}:{database.url.port}/{database.url.database}"
        connection.exec_driver_sql("DROP USER ops")


@contextmanager
def at_revision(database: Database, revision: str) -> Iterator[None]:
    write(database, f"UPDATE {VERSION_TABLE} SET version_num = '{revision}'")
    try:
        yield
    finally:
        write(database, f"UPDATE {VERSION_TABLE} SET version_num = '{HEAD}'")


def failed(cli: Cli, code: int, *words: object) -> str:
    """Run it, in words and as JSON: stdout is empty, stderr names the failure, no secret."""
    output = cli(*words, "-v")
    outcome = cli(*words, "-o", "json")
    assert (output.code, output.out) == (outcome.code, outcome.out) == (code, "")
    (line,) = outcome.err.splitlines()
    error = json.loads(line)["error"]
    assert error["exit"] == code
    assert error["message"] in output.err
    assert "Traceback" not in output.err
    for secret in (PASSWORD, WRONG, quote(PASSWORD, safe=""), quote(WRONG, safe="")):
        assert secret not in output.err + outcome.err
    return f"{error['message']} {error['hint']}"


@pytest.mark.parametrize("words", [("ticket", "list"), NEW, ("agent", "workload")])
def test_a_server_that_is_down_is_worth_another_try(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, words: tuple[object, ...]
) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv(
        "SAVCTL_DATABASE_URL", f"mysql://ops:{quote(PASSWORD, safe='')}@{nobody}/sav"
    )

    output = failed(cli, 8, *words)

    assert f"sav@{nobody} does not answer" in output


def test_a_host_without_a_name_does_not_answer(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAVCTL_DATABASE_URL", "mysql://ops@no.such.host.invalid/sav")

    assert "no.such.host.invalid" in failed(cli, 8, "ticket", "list")


def test_a_wrong_password_is_reported_and_not_shown(
    cli: Cli, ops: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_DATABASE_URL", f"mysql://ops:{quote(WRONG, safe='')}@{ops}")

    assert "refuses this user" in failed(cli, 7, "ticket", "list")


def test_a_user_who_may_only_read_cannot_write(
    cli: Cli, ops: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_DATABASE_URL", f"mysql://ops:{quote(PASSWORD, safe='')}@{ops}")
    before = snapshot(database)

    assert cli("ticket", "list").code == 0
    assert "refuses this user" in failed(cli, 7, *NEW)
    assert snapshot(database) == before


def test_the_service_variables_reach_the_same_database(
    cli: Cli, ops: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SAVCTL_DATABASE_URL")
    for name, value in {
        "DB_CONNECTION": "mysql",
        "DB_HOST": str(database.url.host),
        "DB_PORT": str(database.url.port),
        "DB_DATABASE": str(database.url.database),
        "DB_USERNAME": "ops",
        "DB_PASSWORD": PASSWORD,
    }.items():
        monkeypatch.setenv(name, value)

    assert cli("ticket", "list").code == 0
    monkeypatch.setenv("DB_PASSWORD", WRONG)
    failed(cli, 7, "ticket", "list")


def test_a_database_that_is_not_there_is_a_wrong_configuration(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = database.url.set(database="no_such_database")
    monkeypatch.setenv("SAVCTL_DATABASE_URL", url.render_as_string(hide_password=False))

    assert "no_such_database" in failed(cli, 2, "ticket", "list")


def test_a_database_without_a_schema_says_what_to_do(
    cli: Cli, empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "SAVCTL_DATABASE_URL", empty_database.url.render_as_string(hide_password=False)
    )

    for words in (("ticket", "list"), NEW):
        output = failed(cli, 2, *words)

        assert "has no savctl schema" in output
        assert "savctl db upgrade" in output
        assert "savctl db adopt" in output


@pytest.mark.parametrize(
    ("revision", "text"), [("0001", "Run 'savctl db upgrade'"), ("9999", "newer than this savctl")]
)
@pytest.mark.parametrize("words", [("ticket", "list"), NEW])
def test_a_schema_of_another_time_is_not_touched(
    cli: Cli, database: Database, revision: str, text: str, words: tuple[object, ...]
) -> None:
    before = snapshot(database)

    with at_revision(database, revision):
        assert text in failed(cli, 2, *words)

    assert snapshot(database) == before
