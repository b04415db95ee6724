"""A day of commands and jobs among planted marks: each line is an object, and none has a mark."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from savctl.log import to_stderr
from savctl.persistence.engine import Database
from savctl.scheduling.job import Context, all_jobs
from tests.cli.example_tickets import a_moment_ago
from tests.cli.shop import EXAMPLES, LONG, close_long_ago, open_shop, shop_for
from tests.conftest import Cli
from tests.depth import deep
from tests.given import created, write
from tests.servers.ports import free_port

MARK = "Qz7mark"
KEYS = {"at", "level", "event", "message", "host"}
PLANTED = (
    f"UPDATE users SET email = '{MARK}' || id || '@example.org', firstname = '{MARK}f'",
    f"UPDATE users SET lastname = '{MARK}l'",
    f"UPDATE support_tickets SET subject = '{MARK} lost', description = 'I, {MARK}, lost it'",
    f"UPDATE ticket_messages SET message = 'says {MARK}'",
    f"UPDATE ticket_attachments SET original_name = '{MARK}.jpg'",
)
METADATA = (
    "UPDATE support_tickets SET metadata = JSON_SET(COALESCE(metadata, '{}'), '$.contact', "
    f"'{MARK} at home')"
)
_COMMANDS = [one for one in EXAMPLES if not one.startswith(LONG)]
SOME = _COMMANDS if deep(1, usual=0) else _COMMANDS[::20]


def plant(database: Database) -> None:
    """A mark in every column that a person filled."""
    for statement in (*PLANTED, METADATA):
        write(database, statement)


def lines_of(text: str) -> list[dict[str, Any]]:
    """The lines, each of them an object with the keys of the schema, none with a mark."""
    assert MARK not in text
    found = [json.loads(line) for line in text.splitlines()]
    assert [line for line in found if not set(line) >= KEYS] == []
    assert {line["level"] for line in found} <= {"debug", "info", "warning", "error"}
    return found


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords of servers that are away, and of a dead man's switch."""
    port = free_port()
    monkeypatch.setenv("SAVCTL_BROKER_URL", f"amqp://u:{MARK}@127.0.0.1:{port}/")
    monkeypatch.setenv("SAVCTL_PING_URL", f"http://127.0.0.1:{port}/{MARK}/{{job}}")
    monkeypatch.setenv("SAVCTL_TICKET_CACHE_URL", f"redis://:{MARK}@127.0.0.1:{port}/0")
    monkeypatch.setenv("SAVCTL_LOG_FORMAT", "json")


@pytest.mark.only_on("sqlite")
@pytest.mark.slow("runs commands with a log")
@pytest.mark.parametrize("example", SOME)
def test_a_command_logs_objects_without_a_word_of_a_person(
    cli: Cli, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, example: str
) -> None:
    words = shop_for(cli, database, tmp_path, example)
    plant(database)
    monkeypatch.setenv("SAVCTL_LOG_FORMAT", "json")

    shown = cli(*words, "-v")

    lines_of(shown.err)


@pytest.mark.only_on("sqlite")
@pytest.mark.slow("runs every job")
def test_every_job_logs_objects_without_a_word_of_a_person(
    cli: Cli, database: Database, tmp_path: Path, secrets: None
) -> None:
    open_shop(database, tmp_path)
    close_long_ago(database, "TKT-OLDOLD")
    plant(database)
    write(database, f"UPDATE support_tickets SET metadata = '{{broken {MARK}' WHERE id = 3")
    write(database, f"UPDATE support_tickets SET user_id = 456, category = '{MARK}' WHERE id = 4")
    found: list[dict[str, Any]] = []
    for name in all_jobs():
        found += lines_of(cli("job", "run", name, "--yes", "-v").err)

    found += lines_of(cli("scheduler", "tick", "-v").err)
    found += lines_of(cli("doctor").err)

    events = {line["event"] for line in found}
    assert {"watch_failed", "command_failed"} <= events
    assert {line["job"] for line in found if "job" in line} >= {"event-relay"}


@pytest.mark.only_on("sqlite")
def test_a_bug_is_logged_by_its_type_and_its_places(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def buggy(_: Context) -> None:
        try:
            int(f"{MARK} is no number")
        except ValueError as cause:
            raise KeyError(f"{MARK} was looked up") from cause

    job = all_jobs()["cache-cleanup"]
    original = job.run
    object.__setattr__(job, "run", buggy)
    monkeypatch.setenv("SAVCTL_LOG_FORMAT", "json")
    monkeypatch.setenv("SAVCTL_SCHEDULE_CACHE_CLEANUP", "* * * * *")
    try:
        ticked = cli("scheduler", "tick", "--only", "cache-cleanup")
        by_hand = cli("job", "run", "cache-cleanup", "-v")
    finally:
        object.__setattr__(job, "run", original)

    [line] = [one for one in lines_of(ticked.err) if one["event"] == "job_failed"]
    assert line["job"] == "cache-cleanup"
    assert "KeyError" in line["message"]
    assert "ValueError" in line["traceback"]
    assert "buggy" in line["traceback"]
    assert by_hand.code == 1
    assert "buggy" in str(lines_of(by_hand.err)[-1]["error"]["traceback"])


def test_a_thread_that_dies_leaves_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    to_stderr(logging.INFO, form="json")

    def dies() -> None:
        raise ValueError(MARK)

    thread = threading.Thread(target=dies, name="one of ours")
    thread.start()
    thread.join()

    [line] = lines_of(capsys.readouterr().err)
    assert (line["event"], line["message"]) == ("thread_failed", "one of ours failed.")


@pytest.mark.only_on("sqlite")
def test_a_line_about_one_ticket_names_its_id(cli: Cli, database: Database) -> None:
    ticket = created(database, a_moment_ago)
    shown = cli("ticket", "resume", ticket.ticket_number, "--log-format", "json")

    [line] = [one for one in lines_of(shown.err) if one["event"] == "command_failed"]
    assert line["ticket_id"] == ticket.id
