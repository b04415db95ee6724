"""Whether an export of analytics takes memory or time beyond the tickets of its month.

`savctl export analytics` of one month from a desk of three years, and the same from a twentieth
of the desk; the largest memory that each process ever held is compared. Needs Linux's /proc.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.framework.figures import Table, finish, say
from benchmarks.framework.load import fill, migrate
from benchmarks.framework.processes import Ran, run
from benchmarks.framework.servers import durable_server
from benchmarks.framework.shop import Shop

TARGET_MB = 20
MONTH = "2025-09"
_SMALL, _FULL = 40_000, 300_000
_FACT = {name: re.compile(rf'"{name}": (\d+)') for name in ("tickets", "rows")}


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when the target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.analytics.analytics", description=__doc__
    )
    parser.add_argument("--on", choices=("sqlite", "mariadb"), action="append")
    parser.add_argument("--tickets", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    given = parser.parse_args(words)
    tickets = given.tickets or (_FULL if given.full else _SMALL)
    tables = []
    for kind in given.on or ("sqlite", "mariadb"):
        with (
            tempfile.TemporaryDirectory(prefix="savctl-bench-") as folder,
            _new(kind, folder) as new,
        ):
            tables.append(_table(kind, new, Path(folder), tickets))
            tables[-1].show()
    return finish(tables)


def _table(kind: str, new: Callable[[str], str], folder: Path, tickets: int) -> Table:
    table = Table(
        f"One month of analytics, {kind}",
        ("tickets", "of the month", "rows", "seconds", "largest MB", "more MB", "target"),
    )
    first = None
    for size in (tickets // 20, tickets):
        ran, facts = _ran(new(f"desk{size}"), folder, size)
        more = 0.0 if first is None else ran.peak_mb - first
        is_met = None if first is None else more < TARGET_MB
        figures = (facts["tickets"], facts["rows"], ran.seconds, ran.peak_mb)
        table.add(f"{size:,}", *figures, more, f"< {TARGET_MB}", is_met=is_met)
        first = ran.peak_mb
    return table


def _ran(url: str, folder: Path, tickets: int) -> tuple[Ran, dict[str, int]]:
    migrate(url)
    fill(url, Shop(tickets, lived=True))
    say(f"one month of {tickets:,} tickets")
    environment = {"SAVCTL_DATABASE_URL": url, "SAVCTL_HOME": str(folder / "home")}
    out = str(folder / f"{tickets}.csv")
    done = run(["export", "analytics", "--month", MONTH, "--out", out, "-o", "json"], environment)
    if done.code:
        sys.exit(f"the export failed:\n{done.text[-2000:]}")
    facts = {name: int(_FACT[name].findall(done.text)[-1]) for name in _FACT}
    return done, facts


@contextmanager
def _new(kind: str, folder: str) -> Iterator[Callable[[str], str]]:
    """A way to new databases."""
    if kind == "sqlite":
        yield lambda name: f"sqlite:///{Path(folder, name)}.db"
    else:
        with durable_server(pool="2G") as server:
            yield server.create_database


if __name__ == "__main__":
    sys.exit(main())
