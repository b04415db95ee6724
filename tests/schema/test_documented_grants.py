"""The SQL of docs/install.md is enough for both users, as it stands there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from savctl.scheduling.job import all_jobs
from tests.conftest import Cli, Servers
from tests.schema.support import load_laravel, run_sql

PROJECT = Path(__file__).resolve().parents[2]
NAME, PASSWORD = "sav_service_db", "pa55word-of-nobody"
pytestmark = pytest.mark.only_on("mariadb", "mysql")


def documented_sql() -> list[str]:
    page = (PROJECT / "docs/install.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    code = "\n".join(line.partition("--")[0] for line in block.splitlines())
    return [s.strip().replace("…", PASSWORD) for s in code.split(";") if s.strip()]


@pytest.fixture
def server(kind: str, servers: Servers, database: Database) -> Iterator[Database]:
    """An empty database of the documented name, and the documented users."""
    clean = [f"DROP DATABASE IF EXISTS {NAME}"]
    clean += [f"DROP USER IF EXISTS '{user}'@'%'" for user in ("savctl", "savctl_deploy")]
    run_sql(database, *clean, *documented_sql())
    yield database
    run_sql(database, *clean)


def use(monkeypatch: pytest.MonkeyPatch, server: Database, user: str) -> None:
    """Have the command line log in as this user."""
    address = f"mysql://{user}:{PASSWORD}@{server.url.host}:{server.url.port}/{NAME}"
    monkeypatch.setenv("SAVCTL_DATABASE_URL", address)


def run_everything(cli: Cli) -> None:
    """What the user of every day does: commands, every job, the checks."""
    new = ("ticket", "create", "--user", 456, "--subject", "s", "--description", "d", "-o", "ids")
    made = cli(*new)
    assert made.code == 0, made.err
    number = made.out.strip()
    assert cli("ticket", "assign", number, "--to", 10).code == 0
    assert cli("ticket", "resolve", number, "--message", "done", "--as", 10).code == 0
    for name in all_jobs():
        outcome = cli("job", "run", name, "--yes")
        assert (name, outcome.code) == (name, 0), outcome.err
    assert cli("db", "ping").code == 0
    assert cli("db", "check").code in {0, 10}
    assert cli("config", "check").code == 0
    results = json.loads(cli("doctor", "-o", "json").out)
    files = {"bucket", "files"}
    assert [s for s in results if s["level"] == "error" and s["check"] not in files] == []


def test_they_are_enough_from_an_empty_database(
    cli: Cli, server: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, server, "savctl_deploy")
    upgraded = cli("db", "upgrade")
    assert upgraded.code == 0, upgraded.err

    use(monkeypatch, server, "savctl")
    run_everything(cli)

    refused = cli("db", "downgrade", "base", "--confirm", NAME)
    assert refused.code == 7, refused.err


def test_they_are_enough_for_the_services_own_database(
    cli: Cli, server: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tmp_path / "home" / "files"
    files.mkdir(parents=True)
    (files / "index.db").touch()  # the service's rows name files, which are not here
    named = Database(server.url.set(database=NAME).render_as_string(hide_password=False))
    load_laravel(named)
    named.close()

    use(monkeypatch, server, "savctl_deploy")
    assert cli("db", "adopt", "--dry-run").code == 0
    adopted = cli("db", "adopt")
    assert adopted.code == 0, adopted.err

    use(monkeypatch, server, "savctl")
    run_everything(cli)
