"""deploy/sql/grants.sql is enough for both users, as it stands there, and in docs/install.md."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from savctl.scheduling.job import all_jobs
from tests.conftest import Cli
from tests.schema.privileges.grants import DAILY, DEPLOY, FILE, NAME, use
from tests.schema.support import load_laravel

PAGE = Path(__file__).resolve().parents[3] / "docs/install.md"
pytestmark = pytest.mark.only_on("mariadb", "mysql")


def test_the_page_shows_the_file() -> None:
    blocks = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    assert blocks == [FILE.read_text(encoding="utf-8")]


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


@pytest.mark.slow("every job runs once as the user of every day")
def test_they_are_enough_from_an_empty_database(
    cli: Cli, granted: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, granted, DEPLOY)
    upgraded = cli("db", "upgrade")
    assert upgraded.code == 0, upgraded.err

    use(monkeypatch, granted, DAILY)
    run_everything(cli)

    refused = cli("db", "downgrade", "base", "--confirm", NAME)
    assert refused.code == 7, refused.err


@pytest.mark.slow("every job runs once as the user of every day")
def test_they_are_enough_for_the_services_own_database(
    cli: Cli, granted: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tmp_path / "home" / "files"
    files.mkdir(parents=True)
    (files / "index.db").touch()  # the service's rows name files, which are not here
    named = Database(granted.url.set(database=NAME).render_as_string(hide_password=False))
    load_laravel(named)
    named.close()

    use(monkeypatch, granted, DEPLOY)
    assert cli("db", "adopt", "--dry-run").code == 0
    adopted = cli("db", "adopt")
    assert adopted.code == 0, adopted.err

    use(monkeypatch, granted, DAILY)
    run_everything(cli)
