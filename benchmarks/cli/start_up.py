"""How long commands take to start, as multiples of `python -c pass` in the same run.

The commands and the bare interpreter take turns, so that whatever else the machine does slows
all of them; the ratio of the fastest runs and that of the medians must both be within the
target. Bytecode is compiled first: where PYTHONDONTWRITEBYTECODE is set nobody else would.
"""

from __future__ import annotations

import argparse
import compileall
import importlib
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.framework.figures import Table, cores, finish, say
from benchmarks.framework.load import migrate
from benchmarks.framework.servers import durable_server
from tests.servers import find

_PACKAGES = ("savctl", "jobs", "migrations")
_CREATE = ("ticket", "create", "--user", "456", "--subject", "Parcel", "--description", "Where?")


@dataclass(slots=True)
class Start:
    """One command line, where it runs, and what was measured."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    target: float | None = None
    seconds: list[float] = field(default_factory=list)


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cli.start_up", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--full", action="store_true", help="40 rounds")
    given = parser.parse_args(words)
    compile_bytecode()
    with ExitStack() as stack:
        starts = _starts(stack)
        say("python -c pass and savctl, by turns")
        for number in range(1 + (40 if given.full else given.rounds)):
            for start in starts:
                _run(start, counts=number > 0)
    table = _table(starts)
    table.show()
    return finish([table])


def compile_bytecode() -> None:
    """Have bytecode for savctl and everything it imports, as an installation has."""
    folders = [str(Path(str(importlib.import_module(name).__file__)).parent) for name in _PACKAGES]
    for folder in (*folders, sysconfig.get_path("purelib")):
        compileall.compile_dir(folder, quiet=2)


def _starts(stack: ExitStack) -> list[Start]:
    home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="savctl-start-")))
    embedded = _environment(home)
    savctl = (str(Path(sys.executable).with_name("savctl")),)
    subprocess.run([*savctl, *_CREATE], env=embedded, check=True, capture_output=True)
    one = ("ticket", "show", "1", "-o", "json")
    starts = [
        Start("python -c pass", (sys.executable, "-c", "pass"), embedded),
        Start("--version", (*savctl, "--version"), embedded, 3),
        Start("--help", (*savctl, "--help"), embedded, 8),
        Start("ticket --help", (*savctl, "ticket", "--help"), embedded),
        Start("ticket show, SQLite", (*savctl, *one), embedded, 40),
        Start("ticket list, SQLite", (*savctl, "ticket", "list"), embedded),
    ]
    if find.mariadb() is None:
        say("no MariaDB here: ticket show is measured on SQLite only")
        return starts
    url = stack.enter_context(durable_server()).create_database("start_up")
    migrate(url)
    on_server = {**embedded, "SAVCTL_DATABASE_URL": url}
    subprocess.run([*savctl, *_CREATE], env=on_server, check=True, capture_output=True)
    return [*starts, Start("ticket show, MariaDB", (*savctl, *one), on_server)]


def _environment(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**kept, "HOME": str(home), "SAVCTL_HOME": str(home / "savctl")}


def _run(start: Start, *, counts: bool) -> None:
    started = time.perf_counter()
    subprocess.run(start.command, env=start.environment, check=True, capture_output=True)
    if counts:
        start.seconds.append(time.perf_counter() - started)


def _table(starts: Sequence[Start]) -> Table:
    bare = starts[0].seconds
    table = Table(
        f"Start-up, {len(bare)} rounds, Python {sys.version.split()[0]}, {cores()} cores; "
        f"python -c pass takes {min(bare) * 1e3:.1f} ms at best, "
        f"{statistics.median(bare) * 1e3:.1f} ms as a rule",
        ("command", "x min", "x median", "target"),
    )
    for start in starts[1:]:
        least = min(start.seconds) / min(bare)
        middle = statistics.median(start.seconds) / statistics.median(bare)
        is_met = None if start.target is None else max(least, middle) <= start.target
        wanted = f"<= {start.target}" if start.target is not None else "none"
        table.add(start.name, least, middle, wanted, is_met=is_met)
    return table


if __name__ == "__main__":
    sys.exit(main())
