"""Database errors carry the server's own number and words, and no secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from sqlalchemy import Connection

from savctl.errors import Refused
from savctl.persistence.engine import Database
from savctl.persistence.server_words import without_values
from tests.conftest import Cli
from tests.servers.ports import free_port

pytestmark = pytest.mark.only_on("mariadb", "mysql")
PASSWORD, WRONG = "s3cret-Pässw@rd/1", "wr0ng-Pässw@rd/2"
NEW = ("ticket", "create", "--user", 456, "--subject", "s", "--description", "d")


@pytest.fixture
def addresses(database: Database) -> Iterator[dict[str, str]]:
    """Addresses that fail, each in its own way; `words` may read and nothing else."""
    with database.engine.connect() as connection:
        connection.exec_driver_sql("DROP USER IF EXISTS words")
        connection.exec_driver_sql(f"CREATE USER words IDENTIFIED BY '{PASSWORD}'")
        connection.exec_driver_sql(f"GRANT SELECT ON {database.url.database}.* TO words")
        place = f"{database.url.host}:{database.url.port}"
        named = f"{place}/{database.url.database}"
        right, wrong = quote(PASSWORD, safe=""), quote(WRONG, safe="")
        yield {
            "1045": f"mysql://words:{wrong}@{named}",
            "1044": f"mysql://words:{right}@{place}/savctl_elsewhere",
            "1049": f"mysql://root@{place}/no_such_database",
            "1142": f"mysql://words:{right}@{named}",
            "ECONNREFUSED": f"mysql://words:{right}@127.0.0.1:{free_port()}/sav",
            "NXDOMAIN": f"mysql://words:{right}@no.such.host.invalid/sav",
        }
        connection.exec_driver_sql("DROP USER words")


EXPECTED = {
    "1045": (7, NEW, ("1045: Access denied for user 'words'@",)),
    "1044": (7, NEW, ("1044: Access denied for user 'words'@", "'savctl_elsewhere'")),
    "1049": (2, NEW, ("1049: Unknown database 'no_such_database'",)),
    "1142": (7, NEW, ("1142: ", "command denied to user 'words'@")),
    "ECONNREFUSED": (8, NEW, ("2003: ECONNREFUSED: Connection refused",)),
    "NXDOMAIN": (8, NEW, ("2003: NXDOMAIN: ",)),
}


@pytest.mark.parametrize("why", EXPECTED)
def test_a_failure_has_the_servers_number_and_words(
    cli: Cli, addresses: dict[str, str], monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    code, words, parts = EXPECTED[why]
    monkeypatch.setenv("SAVCTL_DATABASE_URL", addresses[why])

    shown, coded = cli(*words), cli(*words, "-o", "json")

    assert (shown.code, coded.code) == (code, code)
    message = json.loads(coded.err.splitlines()[-1])["error"]["message"]
    for part in parts:
        assert part in message
        assert part in shown.err
    assert PASSWORD not in shown.err + coded.err
    assert WRONG not in shown.err + coded.err


@pytest.mark.parametrize("why", ["1045", "ECONNREFUSED", "NXDOMAIN"])
@pytest.mark.parametrize("words", [("doctor", "-o", "json"), ("db", "ping")], ids=" ".join)
def test_doctor_and_ping_have_them_too(
    cli: Cli,
    addresses: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    why: str,
) -> None:
    monkeypatch.setenv("SAVCTL_DATABASE_URL", addresses[why])

    outcome = cli(*words)

    assert outcome.code in {7, 8, 10}
    assert all(part in outcome.out + outcome.err for part in EXPECTED[why][2])
    assert WRONG not in outcome.out + outcome.err


def test_minus_v_adds_the_cause_and_no_statement(
    cli: Cli, addresses: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_DATABASE_URL", addresses["1142"])

    shown, verbose, coded = (cli(*NEW, *more) for more in ((), ("-v",), ("-v", "-o", "json")))

    assert "cause:" not in shown.err
    assert "  cause: OperationalError: (1142, " in verbose.err
    causes = json.loads(coded.err.splitlines()[-1])["error"]["causes"]
    assert causes[0].startswith("OperationalError: (1142, ")
    assert "INSERT INTO" not in verbose.err + coded.err


MISSING = {
    ("SELECT", "support_tickets"): ("ticket", "list"),
    ("INSERT", "support_tickets"): NEW,
    ("INSERT", "savctl_outbox"): NEW,
    ("INSERT", "savctl_audit"): NEW,
    ("UPDATE", "savctl_leases"): ("job", "run", "auto-close"),
    ("INSERT", "savctl_runs"): ("job", "run", "auto-close"),
    ("SELECT", "ticket_messages"): ("message", "list", "1"),
    ("SELECT", "savctl_outbox"): ("event", "list"),
}


@pytest.mark.parametrize("missing", MISSING, ids=" on ".join)
def test_with_one_grant_missing_the_error_names_it(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch, missing: tuple[str, str]
) -> None:
    verb, table = missing
    assert cli(*NEW).code == 0
    name, at = database.url.database, f"{database.url.host}:{database.url.port}"
    with database.engine.connect() as connection:
        tables = connection.exec_driver_sql("SHOW TABLES").scalars().all()
        connection.exec_driver_sql("DROP USER IF EXISTS poor")
        connection.exec_driver_sql(f"CREATE USER poor IDENTIFIED BY '{PASSWORD}'")
        for one in tables:
            rights = {"SELECT", "INSERT", "UPDATE", "DELETE"} - ({verb} if one == table else set())
            connection.exec_driver_sql(f"GRANT {', '.join(rights)} ON {name}.{one} TO poor")
    monkeypatch.setenv(
        "SAVCTL_DATABASE_URL", f"mysql://poor:{quote(PASSWORD, safe='')}@{at}/{name}"
    )

    failed = cli(*MISSING[missing], "-o", "json")

    error = json.loads(failed.err.splitlines()[-1])["error"]
    assert (failed.code, error["number"]) == (7, 1142)
    assert f"{verb} command denied" in error["message"]
    assert table in error["message"]
    assert "GRANT" in error["hint"]
    with database.engine.connect() as connection:
        connection.exec_driver_sql("DROP USER poor")


PERSON = "it's 'Åsa' <asa@example.org>"


@pytest.mark.parametrize(
    "words",
    [
        f"Duplicate entry '{PERSON}-1' for key 'users_email_unique'",
        f"Incorrect string value: '{PERSON}' for column `sav`.`users`.`email` at row 1",
        f"Incorrect datetime value: '{PERSON}' for function str_to_date",
        f"Truncated incorrect DOUBLE value: '{PERSON}'",
        f"You have an error in your SQL syntax; right syntax to use near '{PERSON}' at line 1",
        f"BIGINT UNSIGNED value is out of range in '({PERSON} + 1)'",
    ],
)
def test_no_value_of_a_row_is_repeated(words: str) -> None:
    shown = without_values(words)

    before, _, after = words.partition(f"'{PERSON}")
    assert shown.startswith(f"{before}…") or "out of range" in words
    assert "asa" not in shown.lower()
    assert after.endswith(shown[-10:]) or shown.endswith("…")


def test_a_duplicate_names_the_key_and_not_the_value(database: Database) -> None:
    def twice(connection: Connection) -> None:
        for _ in range(2):
            connection.exec_driver_sql(
                "INSERT INTO savctl_idempotency VALUES "
                "('asa@example.org', 'c', 'd', 'a', '2025-10-03')"
            )

    with pytest.raises(Refused) as refused:
        database.transaction(twice)

    assert "PRIMARY" in refused.value.message
    assert "asa" not in refused.value.message
