"""How fast a backup is made and loaded, beside the programs alone, and how much memory it takes.

The floor is `mariadb-dump | zstd` into a file, and `zstd -d | mariadb`. By turns, on one server.
`backup create` is the whole process: it counts rows, digests every row and every stored byte, and
writes the manifest. Loading is what `backup restore` does between its guards and its checks.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks.framework.figures import Table, cores, finish, say
from benchmarks.framework.load import fill, migrate
from benchmarks.framework.processes import peak_mb, run
from benchmarks.framework.servers import durable_server
from benchmarks.framework.shop import Shop
from savctl.adapters.dump_client.client import DUMP
from tests.servers.databases.mysql_family import PrivateServer

TARGET_DUMP, TARGET_LOAD, TARGET_MB = 0.7, 0.8, 120
_SMALL, _FULL = 20_000, 1_000_000
_PROGRAMS = ("mariadb-dump", "mariadb", "zstd")


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.backup.backup", description=__doc__
    )
    parser.add_argument("--tickets", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    given = parser.parse_args(words)
    if missing := [name for name in _PROGRAMS if shutil.which(name) is None]:
        sys.exit(f"benchmarks: {', '.join(missing)} is not on this machine")
    tickets = given.tickets or (_FULL if given.full else _SMALL)
    with durable_server(pool="2G") as server, tempfile.TemporaryDirectory() as folder:
        url = server.create_database("desk")
        migrate(url)
        say(f"loading {tickets:,} tickets")
        fill(url, Shop(tickets=tickets))
        table = Table(
            f"backup: {tickets:,} tickets, {cores()} cores",
            ("what", "floor s", "savctl s", "speed", "MB", "target"),
        )
        _measure(table, server, url, Path(folder), given.rounds)
    table.show()
    return finish([table])


def _measure(table: Table, server: PrivateServer, url: str, folder: Path, rounds: int) -> None:
    dumps, loads = [], []
    for number in range(rounds):
        dumps.append((_plain_dump(server, folder), *_create(url, folder)))
        say(f"dump: floor {dumps[-1][0]:.1f} s, savctl {dumps[-1][1]:.1f} s")
        plain = _timed_load(server, lambda: _plain_load(server, folder))
        ours = _timed_load(server, partial(_load, url, folder, dumps[number][3]))
        loads.append((plain[0], *ours))
        say(f"load: floor {plain[0]:.1f} s, savctl {ours[0]:.1f} s")
    _line(table, "create", [one[:3] for one in dumps], TARGET_DUMP)
    _line(table, "load", loads, TARGET_LOAD)


def _line(
    table: Table, what: str, rounds: Sequence[tuple[float, float, float]], target: float
) -> None:
    floor, ours = (statistics.median(one[at] for one in rounds) for at in (0, 1))
    speed = statistics.median(one[0] / one[1] for one in rounds)
    largest = max(one[2] for one in rounds)
    is_met = speed >= target and largest < TARGET_MB
    aim = f">= {target}, < {TARGET_MB} MB"
    table.add(what, floor, ours, speed, largest, aim, is_met=is_met)


def _plain_dump(server: PrivateServer, folder: Path) -> float:
    started = time.perf_counter()
    _pipe(
        ["mariadb-dump", *_server(server), *DUMP, "desk"],
        ["zstd", "-q", "-3", "-f", "-o", str(folder / "plain.sql.zst")],
    )
    return time.perf_counter() - started


def _create(url: str, folder: Path) -> tuple[float, float, str]:
    done = run(("backup", "create", "-q", "-o", "json"), _environment(url, folder))
    if done.code:
        sys.exit(f"backup create: {done.text}")
    return done.seconds, done.peak_mb, str(json.loads(done.text)["id"])


def _timed_load(server: PrivateServer, load: Callable[[], float]) -> tuple[float, float]:
    """An empty schema, then the load into it: its seconds, and the memory it took."""
    server.drop_database("loaded")
    server.create_database("loaded")
    started = time.perf_counter()
    peak = load()
    return time.perf_counter() - started, peak


def _plain_load(server: PrivateServer, folder: Path) -> float:
    shell = ["mariadb", *_server(server), "--binary-mode", "--default-character-set=utf8mb4"]
    _pipe(["zstd", "-q", "-d", "-c", str(folder / "plain.sql.zst")], [*shell, "loaded"])
    return 0.0


def _load(url: str, folder: Path, backup_id: str) -> float:
    words = [sys.executable, "-m", "benchmarks.backup._backup_load", backup_id, "loaded"]
    with subprocess.Popen(words, env={**os.environ, **_environment(url, folder)}) as process:
        peak = peak_mb(process)
    if process.returncode:
        sys.exit("benchmarks: the backup was not loaded")
    return peak


def _pipe(first: Sequence[str], second: Sequence[str]) -> None:
    with subprocess.Popen(first, stdout=subprocess.PIPE) as source:
        subprocess.run(second, stdin=source.stdout, check=True)
    if source.returncode:
        sys.exit(f"benchmarks: {first[0]} failed")


def _server(server: PrivateServer) -> tuple[str, ...]:
    return "--no-defaults", "-h127.0.0.1", f"-P{server.port}", "-uroot"


def _environment(url: str, folder: Path) -> dict[str, str]:
    return {
        "SAVCTL_DATABASE_URL": url,
        "SAVCTL_HOME": str(folder / "home"),
        "SAVCTL_STORAGE_URL": f"file://{folder / 'files'}",
        "SAVCTL_BACKUP_URL": f"file://{folder / 'backups'}",
    }


if __name__ == "__main__":
    sys.exit(main())
