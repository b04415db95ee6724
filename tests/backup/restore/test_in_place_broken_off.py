"""A restore in place that ends in the middle loses nothing: neither rows nor what was known."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from savctl.domain.backup.manifest import Manifest
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from savctl.ports.dump_client import ClientFailed
from savctl.usecases.backup.restore import before as before_restore
from savctl.usecases.backup.restore import restoring
from tests.backup.restore.test_restoring import name_of, rows
from tests.backup.support import (
    answer,
    awkward,
    create,
    dump_program,
    everything,
    write,
)
from tests.backup.test_backing_up import program
from tests.conftest import Cli
from tests.crash.processes import wait_until
from tests.given import created
from tests.servers import find

KEPT = ("support_tickets", "ticket_messages", "savctl_outbox", "savctl_suppressions")


@pytest.fixture
def old(ready: Cli, database: Database) -> dict[str, Any]:
    """A backup; since then a person was erased, an event was sent, a ticket was created."""
    awkward(database)
    created(database, system_clock)
    made = create(ready)
    answer(ready("gdpr", "erase", 456, "--confirm", 456, "-o", "json"))
    write(database, "UPDATE savctl_outbox SET published_at = '2099-01-01'")
    created(database, system_clock, user_id=777)
    database.close()
    return made


@pytest.mark.each_database("each is replaced in its own way")
def test_what_was_there_is_backed_up_and_named_and_can_be_restored(
    ready: Cli, database: Database, old: dict[str, Any]
) -> None:
    word = name_of(database)
    before = everything(database)
    database.close()

    done = answer(
        ready("backup", "restore", old["id"], "--in-place", "--confirm", word, "-o", "json")
    )

    assert rows(database, "SELECT COUNT(*) FROM support_tickets WHERE user_id = 777") == [0]
    database.close()
    listed = [row["id"] for row in answer(ready("backup", "list", "-o", "json"))]
    assert listed == [done["before"], old["id"]]
    assert ready("backup", "prune", "--yes").code == 0
    back = ("backup", "restore", done["before"], "--in-place", "--confirm", word, "--resend")
    answer(ready(*back, "-o", "json"))
    after = everything(database)
    assert {name: after[name] for name in KEPT} == {name: before[name] for name in KEPT}


@pytest.fixture
def half_loaded(
    ready: Cli,
    database: Database,
    old: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, list[Any]]:
    """savctl was killed when half the statements were run; what was there before."""
    before = everything(database)
    database.close()
    loader = "mariadb" if dump_program(database) == "mariadb-dump" else "mysql"
    real, usual = shutil.which(loader), os.environ["PATH"]
    number, started = tmp_path / "number", tmp_path / "started"
    body = f'echo $$ > {number}; head -c 30000 | {real} "$@"; touch {started}; exec sleep 300'
    program(tmp_path / "bin" / loader, body)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{usual}")
    database.close()
    words = ("backup", "restore", old["id"], "--in-place", "--confirm", name_of(database))
    with subprocess.Popen(
        [sys.executable, "-m", "savctl", *words],
        env={**os.environ, "PYTHONPATH": str(find.PROJECT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            wait_until(started.exists, what="half of it is loaded")
        finally:
            process.kill()
            with suppress(OSError, ValueError):
                os.kill(int(number.read_text()), signal.SIGKILL)
    monkeypatch.setenv("PATH", usual)
    return before


@pytest.mark.slow("kills savctl in the middle of a restore, and restores again")
@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.each_database("statements run one after the other on a server")
def test_the_same_command_again_goes_on_with_what_only_the_old_database_knew(
    ready: Cli, database: Database, old: dict[str, Any], half_loaded: dict[str, list[Any]]
) -> None:
    shown = doctors_line_of_restore(ready)
    database.close()
    done = ready(
        *("backup", "restore", old["id"], "--in-place", "--confirm", name_of(database)),
        *("-o", "json"),
    )

    result = answer(done)
    assert "did not end" in shown
    assert old["id"] in shown
    assert result["before"] in shown
    assert any("1 erased person erased again" in step for step in result["steps"])
    assert rows(database, "SELECT COUNT(*) FROM support_tickets WHERE user_id = 456") == [0]
    unsent = "SELECT COUNT(*) FROM savctl_outbox WHERE published_at IS NULL AND dead_at IS NULL"
    of_others = f"{unsent} AND event NOT LIKE '%%rased%%'"
    assert rows(database, of_others.replace("%%", "%")) == [0]
    assert "did not end" not in doctors_line_of_restore(ready)


@pytest.mark.slow("kills savctl in the middle of a restore, and restores again")
@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.each_database("statements run one after the other on a server")
def test_what_was_there_comes_back_after_a_kill_in_the_middle(
    ready: Cli, database: Database, old: dict[str, Any], half_loaded: dict[str, list[Any]]
) -> None:
    listed = [row["id"] for row in answer(ready("backup", "list", "-o", "json"))]
    database.close()

    answer(
        ready(
            *("backup", "restore", listed[0], "--in-place", "--confirm", name_of(database)),
            *("--resend", "-o", "json"),
        )
    )

    after = everything(database)
    assert listed[1:] == [old["id"]]
    assert {name: after[name] for name in KEPT} == {name: half_loaded[name] for name in KEPT}


@pytest.mark.each_database("each is replaced in its own way")
def test_a_failure_in_the_middle_names_what_was_there(
    ready: Cli, database: Database, old: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ClientFailed("the server went away")

    words = ("backup", "restore", old["id"], "--in-place", "--confirm", name_of(database))
    with monkeypatch.context() as patched:
        patched.setattr(restoring, "_replace", fails)
        outcome = ready(*words)
    listed = [row["id"] for row in answer(ready("backup", "list", "-o", "json"))]
    database.close()

    assert outcome.code == 8
    assert listed[0] != old["id"]
    assert listed[0] in outcome.err
    with monkeypatch.context() as patched:
        patched.setattr(before_restore, "scratch_copy", fails)
        unknown = ready(*words)
    database.close()
    assert (unknown.code, listed[0] in unknown.err) == (8, True)
    assert "grants.sql" in unknown.err
    assert ready(*words).code == 0


@pytest.mark.each_database("each is dumped by something else")
def test_a_database_that_cannot_be_backed_up_is_replaced_with_discard_only(
    ready: Cli, database: Database, old: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> Manifest:
        raise ClientFailed("table 'ticket_messages' is marked as crashed")

    before = everything(database)
    database.close()
    words = ("backup", "restore", old["id"], "--in-place", "--confirm", name_of(database))
    monkeypatch.setattr("savctl.usecases.backup.restore.before.create_backup", fails)

    refused = ready(*words)

    assert refused.code == 8
    assert "--discard" in refused.err
    assert everything(database) == before
    database.close()
    done = answer(ready(*words, "--discard", "-o", "json"))
    assert done["before"] is None
    assert rows(database, "SELECT COUNT(*) FROM support_tickets WHERE user_id = 777") == [0]
    assert ready("backup", "restore", old["id"], "--into", "x", "--discard").code == 2


def doctors_line_of_restore(cli: Cli) -> str:
    found = json.loads(cli("doctor", "-o", "json").out)
    (line,) = (row for row in found if row["check"] == "backup")
    return f"{line['found']} {line['advice']}"
