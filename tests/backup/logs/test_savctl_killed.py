"""kill -9 of savctl while a client waits: no client of the server stays behind (rules 17.1)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from savctl.adapters.dump_client import programs
from savctl.persistence.engine import Database
from tests.backup.logs.conftest import NAME, here, is_mariadb
from tests.backup.support import create
from tests.backup.test_backing_up import program
from tests.conftest import Cli
from tests.crash.processes import running, time_passes_for_leases, wait_until
from tests.given import created
from tests.servers.network.tcp_proxy import TcpProxy

pytestmark = pytest.mark.slow("starts and kills processes")

FINDS = {
    "dump": programs.dump_program,
    "load": programs.statement_client,
    "copy of logs": programs.log_reader,
    "replay of logs": programs.log_reader,
}


def commands(cli: Cli, live: Database) -> dict[str, tuple[str, ...]]:
    """What starts each client; a backup and a change behind it are made for that."""
    backup = str(create(cli)["id"])
    created(live, lambda: datetime.now(UTC))
    place = str(here(live))
    assert cli("job", "run", "binlog-backup", "--quiet").code == 0
    restore = ("backup", "restore", backup, "--into", f"{NAME}_restored")
    return {
        "dump": ("backup", "create"),
        "load": restore,
        "copy of logs": ("job", "run", "binlog-backup"),
        "replay of logs": (*restore, "--until", place),
    }


def held_program(folder: Path, real: str) -> tuple[Path, Path]:
    """The same program, which begins only when a file is gone; names that and the one it makes."""
    begun, held = folder / "begun", folder / "held"
    held.touch()
    waits = f"while [ -e {held} ]; do sleep 0.05; done"
    body = f'touch {begun}; {waits}; touch {begun}.really; exec {real} "$@"'
    program(folder / "bin" / Path(real).name, body)
    return begun, held


@contextmanager
def begun_with(
    settings: dict[str, str], words: tuple[str, ...], live: Database, tmp_path: Path, which: str
) -> Iterator[int]:
    """The id of a savctl whose client waits for a server that does not answer any more."""
    family = "mariadb" if is_mariadb(live) else "mysql"
    begun, held = held_program(tmp_path, FINDS[which](family))
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    with TcpProxy(int(live.url.port or 0)) as line:
        url = live.url.update_query_dict({"ssl_disabled": "true"}).set(port=line.port)
        through = {"SAVCTL_DATABASE_URL": url.render_as_string(hide_password=False)}
        with running(settings | through | {"PATH": path}, *words) as process:
            wait_until(begun.exists, what=f"the client of the {which} begins")
            line.hold()
            held.unlink()
            wait_until(Path(f"{begun}.really").exists, what="it goes on")
            yield process.pid


def living_children(parent: int) -> set[int]:
    """The processes that this one started."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        if (fields := _status(int(folder.name))) and int(fields[1]) == parent:
            found.add(int(folder.name))
    return found


def is_alive(number: int) -> bool:
    """Whether it runs; one that nobody has asked for its end does not."""
    return _status(number)[:1] not in ([], ["Z"])


def _status(number: int) -> list[str]:
    """State, parent and so on; nothing when there is no such process."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


@pytest.mark.parametrize("which", FINDS)
def test_no_client_stays_behind_when_savctl_is_killed(
    live_cli: Cli,
    live: Database,
    folder: Path,
    environment: dict[str, str],
    tmp_path: Path,
    which: str,
) -> None:
    words = commands(live_cli, live)[which]
    settings = environment | {
        "SAVCTL_BACKUP_URL": f"file://{folder}",
        "SAVCTL_HOME": str(tmp_path / "home"),
    }
    with begun_with(settings, words, live, tmp_path, which) as parent:
        children = living_children(parent)
        assert children
        os.kill(parent, 9)
        wait_until(lambda: not any(map(is_alive, children)), what="the clients end", patience=5)

    time_passes_for_leases(live)
