"""compose.yaml: events flow before the scheduler starts, and health is not `doctor`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from savctl.errors import ExitCode
from savctl.persistence.engine import Database
from tests.conftest import Cli
from tests.given import AGENT
from tests.servers.brokers.rabbitmq import VirtualHost
from tests.servers.ports import LOOPBACK, free_port

PROJECT = Path(__file__).resolve().parents[2]


def service(name: str) -> str:
    """The lines of one service of the file."""
    text = (PROJECT / "compose.yaml").read_text(encoding="utf-8")
    found = re.search(rf"^  {name}:.*?\n(.*?)(?=^  \S|^\S)", text, re.DOTALL | re.MULTILINE)
    assert found is not None, name
    return found[1]


def health() -> list[str]:
    """The words after `savctl` of the image's health check, which is in exec form."""
    dockerfile = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    (check,) = re.findall(r"HEALTHCHECK .*?CMD (\[.*?\])", dockerfile, re.DOTALL)
    words: list[str] = json.loads(check)
    assert words[0] == "savctl"
    return words[1:]


def waits_for(name: str) -> set[str]:
    return set(re.findall(r"^      ([\w-]+): \{condition", service(name), re.MULTILINE))


def test_the_scheduler_starts_after_schema_exchange_queue_and_bucket() -> None:
    assert waits_for("savctl") == {"migrate", "versioning", "queue"}
    assert waits_for("queue") == {"exchange"}
    assert "command: [event, setup]" in service("exchange")


def test_an_image_is_healthy_when_it_reaches_its_database() -> None:
    dockerfile = (PROJECT / "Dockerfile").read_text(encoding="utf-8")

    assert health()[:2] == ["db", "ping"]
    assert "SAVCTL_HOME=" not in dockerfile  # it would say that an embedded database is meant


@pytest.mark.only_on("mariadb", "mysql")
def test_from_an_empty_database_its_steps_end_in_health(
    cli: Cli, empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SAVCTL_DATABASE_URL")
    at = empty_database.url
    parts = {"HOST": at.host, "PORT": at.port, "DATABASE": at.database, "USERNAME": at.username}
    for name, value in (parts | {"CONNECTION": "mysql", "PASSWORD": at.password or ""}).items():
        monkeypatch.setenv(f"DB_{name}", str(value))
    found = re.search(r"command: \[(.*?)\]", service("migrate"))
    assert found is not None

    before = cli(*health())
    migrated = cli(*found[1].split(", "))

    assert (before.code, migrated.code) == (0, 0), migrated.err  # alive, not ready
    assert cli(*health()).code == 0
    assert cli("scheduler", "tick", "--only", "cache-cleanup").code == 0
    assert json.loads(cli("db", "status", "-o", "json").out)["state"] == "current"


@pytest.mark.only_on("mariadb", "mysql")
def test_a_container_whose_database_is_away_is_not_healthy(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_DATABASE_URL", f"mysql://sav@{LOOPBACK}:{free_port()}/sav")

    assert cli(*health()).code == int(ExitCode.UNAVAILABLE)


@pytest.mark.only_on("sqlite")
def test_what_it_runs_before_makes_events_flow(
    cli: Cli, broker: VirtualHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = urlsplit(broker.url)
    (tmp_path / "secret").write_text(f"{unquote(at.password or '')}\n", encoding="utf-8")
    for name, value in {
        "HOST": at.hostname,
        "PORT": at.port,
        "USER": at.username,
        "PASSWORD_FILE": tmp_path / "secret",
        "VHOST": unquote(at.path[1:]),
    }.items():
        monkeypatch.setenv(f"RABBITMQ_{name}", str(value))
    script = textwrap.dedent(service("queue").partition("- |\n")[2].partition("    restart:")[0])

    exchange = cli("event", "setup")
    assert exchange.code == 0, exchange.err
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60, env=dict(os.environ))

    new = ("ticket", "create", "--user", 456, "--subject", "s", "--description", "d", "-o", "ids")
    number = cli(*new).out.strip()
    assert cli("ticket", "assign", number, "--to", AGENT).code == 0
    relayed = cli("job", "run", "event-relay", "-o", "json")
    report = json.loads(relayed.out)
    assert (relayed.code, report["failed"], report["skipped"]) == (0, 0, 0)
    assert report["changed"] > 0
    doctor = json.loads(cli("doctor", "-o", "json").out)
    assert [s for s in doctor if s["check"] == "broker" and s["level"] != "ok"] == []
