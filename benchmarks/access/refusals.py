"""Whether time tells a ticket that is somebody else's from one that never was (rules 12.4).

A customer asks for both by turns, in one process and in a random order, so that whatever else the
machine does slows all alike. The figure is the share of pairs in which the hidden ticket took
longer: 0.5 is chance. A second series of tickets that never were shows how much is noise.
"""

from __future__ import annotations

import argparse
import io
import math
import os
import random
import sys
import tempfile
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from statistics import median
from unittest.mock import patch

import jwt

from benchmarks.framework.figures import Table, cores, finish, say
from benchmarks.framework.load import migrate
from benchmarks.framework.servers import durable_server
from savctl.cli.framework.run import run
from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.merging import merge_tickets
from tests.given import brought_to, created

DEVIATIONS = 3  # of chance alone: with 600 calls of each, 0.05 away from 0.5
_SMALL, _FULL = 200, 600
_KEY = "a secret of the auth service, long enough"
_ME, _OTHER = 7, 9
_WORDS = ("ticket show {t}", "message list {t}", "ticket close {t}")
_NEVER, _NOISE = 900_000, "never, again"


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when time tells more than chance does."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.access.refusals", description=__doc__
    )
    parser.add_argument("--calls", type=int, help=f"of each; default {_SMALL}; --full: {_FULL}")
    parser.add_argument("--full", action="store_true", help="more calls")
    given = parser.parse_args(words)
    calls = given.calls or (_FULL if given.full else _SMALL)
    table = Table(
        f"A hidden ticket against one that never was: {calls} calls of each, {cores()} cores",
        ("database", "command", "ticket", "median/ms", "never/ms", "longer", "target"),
    )
    with tempfile.TemporaryDirectory(prefix="savctl-refusals-") as folder:
        _measure(table, "SQLite", f"sqlite:///{folder}/savctl.db", folder, calls)
        with durable_server() as server:
            _measure(
                table,
                server.name,
                f"{server.create_database('refusals')}&ssl_disabled=true",
                folder,
                calls,
            )
    table.show()
    return finish([table])


def _measure(table: Table, name: str, url: str, folder: str, calls: int) -> None:
    migrate(url)
    hidden = _hidden(url)
    for words in _WORDS:
        say(f"{name}: {words}")
        with _as_customer(url, folder):
            times = _times(words, hidden, calls)
        never = sorted(times.pop("never"))
        for what, found in times.items():
            share = _longer(found, never)
            most = DEVIATIONS * math.sqrt(
                (len(found) + len(never) + 1) / 12 / len(found) / len(never)
            )
            is_met = None if what == _NOISE else abs(share - 0.5) <= most
            figures = (median(found) * 1000, median(never) * 1000, f"{share:.3f}")
            command = words.removesuffix(" {t}")
            table.add(name, command, what, *figures, f"0.5 ± {most:.2f}", is_met=is_met)


def _hidden(url: str) -> dict[str, int]:
    """Tickets of somebody else; the last is of nobody, and is measured for the noise."""
    database = Database(url)
    theirs = brought_to(database, system_clock, Status.IN_PROGRESS, user_id=_OTHER)
    merged = created(database, system_clock, user_id=_OTHER)
    merge_tickets(Operation(database, system_clock, actor=None), [merged.id], theirs.id)
    closed = brought_to(database, system_clock, Status.CLOSED, user_id=_OTHER)
    database.close()
    found = {"other's": theirs.id, "closed": closed.id, "merged away": merged.id}
    return {**found, _NOISE: _NEVER + 1}


@contextmanager
def _as_customer(url: str, home: str) -> Iterator[None]:
    claims = {"sub": str(_ME), "role": "customer", "exp": int(time.time()) + 3_600}
    variables = {
        "SAVCTL_DATABASE_URL": url,
        "SAVCTL_HOME": home,
        "SAVCTL_TOKEN": jwt.encode(claims, _KEY),
        "SAVCTL_TOKEN_KEY": _KEY,
        "SAVCTL_RATE_LIMIT": "0",
    }
    with patch.dict(os.environ, variables):
        yield


def _times(words: str, hidden: Mapping[str, int], calls: int) -> dict[str, list[float]]:
    asked = {**hidden, "never": _NEVER}
    found: dict[str, list[float]] = {name: [] for name in asked}
    for number in range(calls + 3):
        for name in random.sample(sorted(asked), len(asked)):
            seconds = _seconds(words.format(t=asked[name]).split())
            if number >= 3:  # the first ones import and compile
                found[name].append(seconds)
    return found


def _seconds(words: Sequence[str]) -> float:
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        started = time.perf_counter()
        code = run([*words, "-o", "json"])
        took = time.perf_counter() - started
    if code != 4:
        sys.exit(f"{' '.join(words)} ended with {code}: nothing to compare")
    return took


def _longer(found: Sequence[float], sorted_never: Sequence[float]) -> float:
    """The share of pairs in which the first took longer; ties count half."""
    pairs = sum(
        (bisect_left(sorted_never, one) + bisect_right(sorted_never, one)) / 2 for one in found
    )
    return pairs / (len(found) * len(sorted_never))


if __name__ == "__main__":
    sys.exit(main())
