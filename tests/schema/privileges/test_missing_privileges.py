"""Without one of the privileges of deploy/sql/grants.sql: exit 7, and what is missing is named."""

from __future__ import annotations

import json
import re

import pytest

from savctl.persistence.engine import Database
from tests.conftest import Cli
from tests.schema.privileges.grants import DAILY, DEPLOY, NAME, PASSWORD, statements, use
from tests.schema.support import load_laravel, run_sql

pytestmark = pytest.mark.only_on("mariadb", "mysql")

CREATE = ("ticket", "create", "--user", 456, "--subject", "s", "--description", "d")
NEEDED_DAILY = {
    "SELECT": (("ticket", "list"), ("job", "run", "archive", "--yes"), ("db", "check")),
    "INSERT": (CREATE, ("user", "vip", 456), ("job", "run", "retention", "--yes")),
    "UPDATE": (("ticket", "assign", 1, "--to", 10), ("job", "run", "auto-close", "--yes")),
    "DELETE": (CREATE, ("user", "vip", 457, "--off")),
}
UPGRADE, ADOPT = ("db", "upgrade"), ("db", "adopt")
DOWNGRADE = ("db", "downgrade", "base", "--confirm", NAME)
NEEDED_DEPLOY = [
    *((name, UPGRADE) for name in ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "INDEX")),
    *((name, ADOPT) for name in ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "INDEX")),
    ("REFERENCES", UPGRADE),
    ("DROP", DOWNGRADE),
]
ONLY_BY_HAND = {"ALTER"}  # of the statements that db adopt proposes


def privileges(user: str) -> set[str]:
    """What the file grants this user first; what backups need beside it has tests of its own."""
    grant = next(one for one in statements() if one.startswith("GRANT") and f"'{user}'" in one)
    found = re.match(r"GRANT ([A-Z, ]+)\s+ON", grant)
    assert found is not None
    return {word.strip() for word in found[1].split(",")}


def revoke(server: Database, privilege: str, user: str) -> None:
    run_sql(server, f"REVOKE {privilege} ON {NAME}.* FROM '{user}'@'%'")


def refusal(cli: Cli, *words: object) -> str:
    """What the error says, which is a refusal of the database."""
    outcome = cli(*words, "-o", "json")
    assert (outcome.code, outcome.out) == (7, ""), f"{words}: {outcome.err}"
    message: str = json.loads(outcome.err.splitlines()[-1])["error"]["message"]
    return message


def test_every_privilege_of_the_file_is_tried_here() -> None:
    assert privileges(DAILY) == set(NEEDED_DAILY)
    assert privileges(DEPLOY) == {name for name, _ in NEEDED_DEPLOY} | ONLY_BY_HAND


@pytest.mark.parametrize("privilege", NEEDED_DAILY)
def test_a_command_names_what_the_user_of_every_day_lacks(
    cli: Cli, granted: Database, monkeypatch: pytest.MonkeyPatch, privilege: str
) -> None:
    use(monkeypatch, granted, DEPLOY)
    assert cli(*UPGRADE).code == 0
    use(monkeypatch, granted, DAILY)
    assert cli(*CREATE).code == 0
    assert cli("user", "vip", 457).code == 0
    revoke(granted, privilege, DAILY)

    refused = [refusal(cli, *words) for words in NEEDED_DAILY[privilege]]
    doctor = json.loads(cli("doctor", "-o", "json").out)

    for message in refused:
        assert re.search(
            rf"{privilege} command denied to user 'savctl'@\S+ for table \S+", message
        )
    wrong = " ".join(str(line) for line in doctor if line["level"] == "error")
    assert privilege in wrong


@pytest.mark.parametrize(("privilege", "words"), NEEDED_DEPLOY)
def test_a_change_of_the_schema_names_what_its_user_lacks(
    cli: Cli,
    granted: Database,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    privilege: str,
    words: tuple[str, ...],
) -> None:
    if (kind, privilege) == ("mariadb", "REFERENCES"):
        pytest.skip("MariaDB does not ask for REFERENCES, MySQL does")
    use(monkeypatch, granted, DEPLOY)
    if words == ADOPT:
        made_by_the_service(granted)
    elif words == DOWNGRADE:
        assert cli(*UPGRADE).code == 0
    revoke(granted, privilege, DEPLOY)

    assert_named(refusal(cli, *words), privilege, DEPLOY)


def test_the_deploying_user_may_run_what_adopt_proposes(
    cli: Cli, granted: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_by_the_service(granted)
    run_sql(granted, f"ALTER TABLE {NAME}.support_tickets MODIFY subject VARCHAR(100) NOT NULL")
    use(monkeypatch, granted, DEPLOY)
    found = json.loads(cli("db", "adopt", "--dry-run", "-o", "json").out)["differences"]
    (repair,) = (row["repair"] for row in found if row["level"] == "error")
    named = granted.url.set(username=DEPLOY, password=PASSWORD, database=NAME)
    deploying = Database(named.render_as_string(hide_password=False))

    run_sql(deploying, repair)

    deploying.close()
    assert cli("db", "adopt").code == 0


def made_by_the_service(server: Database) -> None:
    named = Database(server.url.set(database=NAME).render_as_string(hide_password=False))
    load_laravel(named)
    named.close()


def assert_named(message: str, privilege: str, user: str) -> None:
    """The server's words name the privilege and the table."""
    assert re.search(rf"{privilege} command denied to user '{user}'@\S+ for table \S+", message)
