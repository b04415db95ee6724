"""Whether a closing job's memory grows with the database.

`savctl job run close-resolved` closes every ticket of a small database and of a large one, on a
private MariaDB; the largest memory that each process ever held is compared. Needs Linux's /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks._figures import Table, finish, say
from benchmarks._load import fill, migrate
from benchmarks._memory import peak_mb
from benchmarks._servers import durable_server
from benchmarks._shop import Shop
from tests.servers.mysql_family import PrivateServer

TARGET_MB = 20
_LITTLE = 10_000
_SMALL, _FULL = 100_000, 1_000_000
_COMMAND = ("job", "run", "close-resolved", "--yes", "-o", "json")


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when the target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--tickets", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    given = parser.parse_args(words)
    tickets = given.tickets or (_FULL if given.full else _SMALL)
    with durable_server() as server:
        table = Table(
            f"Memory of close-resolved, batches of 1,000, {server.name}",
            ("tickets closed", "largest MB", "seconds", "more than the first", "target"),
        )
        first, seconds = _peak(server, _LITTLE)
        table.add(f"{_LITTLE:,}", first, seconds, "", "", is_met=None)
        largest, seconds = _peak(server, tickets)
    more = largest - first
    table.add(f"{tickets:,}", largest, seconds, more, f"< {TARGET_MB}", is_met=more < TARGET_MB)
    table.show()
    return finish([table])


def _peak(server: PrivateServer, tickets: int) -> tuple[float, float]:
    """The most memory a process held that closed so many tickets, in MB; and its seconds."""
    server.drop_database("memory")
    url = server.create_database("memory")
    migrate(url)
    fill(url, Shop(tickets, only="resolved", talks=False))
    say(f"closing {tickets:,} tickets")
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as told:
        savctl = [str(Path(sys.executable).with_name("savctl")), *_COMMAND]
        environment = {**os.environ, "SAVCTL_DATABASE_URL": url}
        with subprocess.Popen(savctl, env=environment, stdout=told, stderr=told) as process:
            peak = peak_mb(process)
        told.seek(0)
        _require_closed(told.read(), tickets)
    server.drop_database("memory")
    return peak, time.perf_counter() - started


def _require_closed(told: str, tickets: int) -> None:
    try:
        changed = json.loads(told)["changed"]
    except (ValueError, KeyError):
        sys.exit(f"the job did not do its work:\n{told[-2000:]}")
    if changed != tickets:
        sys.exit(f"the job closed {changed} of {tickets} tickets")


if __name__ == "__main__":
    sys.exit(main())
