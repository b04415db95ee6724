"""What looks at every ticket there is, against plain SQL and json.loads for the same answers.

`report volume`, `sla-audit` and the first scan of `sla-escalation`, each by turns with its floor
on one database: a SQLite file, and a private MariaDB that has every commit on the disk before it
answers. Where something is written, both begin with the same rows, and must leave the same ones.
The target is MariaDB's: SQLite hands rows out in no time, so that there json.loads is the floor.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.framework.baseline import note_ratio
from benchmarks.framework.figures import Table, cores, finish, say
from benchmarks.framework.load import fill, migrate
from benchmarks.framework.servers import durable_server
from benchmarks.framework.shop import NOW, SPAN, Shop
from benchmarks.sla import _plain_breaches, _plain_sla
from benchmarks.sla._desk_rows import clear, keep_rows, written
from savctl.bootstrap import App
from savctl.config import load
from savctl.domain.periods import Every
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.scheduling.job import find_job
from savctl.scheduling.runner import Start, run_job
from savctl.usecases.reports.sla_report import ReportSpan
from savctl.usecases.reports.volume import report_volume

TARGET = 0.5
_SMALL, _FULL = (20_000, 5_000), (300_000, 40_000)
_SINCE = NOW - SPAN
_COUNTS = ("created", "resolved", "closed", "reopened", "customer_messages")


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that is measured: both answer what is compared; `writes` begins anew each time."""

    name: str
    savctl: Callable[[str], object]
    floor: Callable[[str], object]
    writes: bool = False


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.sla.whole_desk", description=__doc__
    )
    parser.add_argument("--on", choices=("sqlite", "mariadb"), action="append")
    parser.add_argument("--tickets", type=int, help=f"default {_SMALL[0]:,}; --full: {_FULL[0]:,}")
    parser.add_argument("--late", type=int, help=f"default {_SMALL[1]:,}; --full: {_FULL[1]:,}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="the sizes of the promise")
    given = parser.parse_args(words)
    sizes = _FULL if given.full else _SMALL
    tickets, late = given.tickets or sizes[0], given.late or sizes[1]
    desk, late_desk = Shop(tickets, lived=True), Shop(late, only="in_progress", lived=True)
    tables = []
    for kind in given.on or ("sqlite", "mariadb"):
        with _databases(kind) as (name, new):
            table = _table(name, tickets, late)
            _measure(table, new("desk"), desk, CASES[:3], given.rounds)
            _measure(table, new("late"), late_desk, CASES[3:], given.rounds)
        table.show()
        tables.append(table)
    return finish(tables)


def _volume(url: str) -> object:
    database = Database(url)
    rows = report_volume(database, ReportSpan(_SINCE, NOW, NOW), every=Every.MONTH)
    database.close()
    return _busy((row["period"], [row[name] for name in _COUNTS]) for row in rows)


def _plain_volume(url: str) -> object:
    counts = _plain_sla.volume(url, _SINCE, NOW)
    return _busy((month, [tally[name] for name in _COUNTS]) for month, tally in counts.items())


def _busy(months: Iterable[tuple[object, Sequence[object]]]) -> dict[object, Sequence[object]]:
    """Without months in which nothing happened: the report has them, plain SQL has not."""
    return {month: counts for month, counts in months if any(counts)}


def _run(job: str) -> Callable[[str], object]:
    def run(url: str) -> object:
        app = App(load({"SAVCTL_DATABASE_URL": url}), SetClock(NOW))
        report = run_job(find_job(job), app, Start(is_confirmed=True))
        app.close()
        return report.done.changed

    return run


CASES = (
    Case("report volume", _volume, _plain_volume),
    Case(
        "sla-audit, the first",
        _run("sla-audit"),
        lambda url: _plain_breaches.audit(url, NOW),
        writes=True,
    ),
    Case("sla-audit, nothing new", _run("sla-audit"), lambda url: _plain_breaches.audit(url, NOW)),
    Case(
        "sla-escalation, the first",
        _run("sla-escalation"),
        lambda url: _plain_breaches.escalate(url, NOW),
        writes=True,
    ),
)


@contextmanager
def _databases(kind: str) -> Iterator[tuple[str, Callable[[str], str]]]:
    """What it is called, and a way to new databases on it."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="savctl-bench-") as folder:
            yield "SQLite", lambda name: f"sqlite:///{Path(folder, name)}.db"
    else:
        with durable_server(pool="2G") as server:
            yield server.name, server.create_database


def _measure(table: Table, url: str, shop: Shop, cases: Sequence[Case], rounds: int) -> None:
    target = None if url.startswith("sqlite") else TARGET
    migrate(url)
    fill(url, shop)
    keep_rows(url)
    for case in cases:
        pairs = [_round(case, url, number) for number in range(rounds)]
        ratios = [floor / job for job, floor in pairs]
        middle = statistics.median(ratios)
        if target:
            note_ratio(case.name, middle)
        job, floor = (shop.tickets / statistics.median(side) for side in zip(*pairs, strict=True))
        table.add(
            *(case.name, shop.tickets, round(job), round(floor)),
            f"{middle:.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
            f">= {target}" if target else "",
            is_met=middle >= target if target else None,
        )


def _round(case: Case, url: str, number: int) -> tuple[float, float]:
    """Seconds of savctl and of the floor, the first of them by turns."""
    seconds: dict[str, float] = {}
    left: dict[str, object] = {}
    for who in ("savctl", "floor") if number % 2 else ("floor", "savctl"):
        if case.writes:
            clear(url)
        started = time.perf_counter()
        answer = (case.savctl if who == "savctl" else case.floor)(url)
        seconds[who] = time.perf_counter() - started
        left[who] = (answer, written(url)) if case.writes else answer
        say(f"{case.name}: {who} took {seconds[who]:.1f} s")
    if left["savctl"] != left["floor"]:
        sys.exit(f"{case.name}: savctl and the floor differ: nothing to compare")
    return seconds["savctl"], seconds["floor"]


def _table(name: str, tickets: int, late: int) -> Table:
    return Table(
        f"Every ticket of a desk: {tickets:,}; all late: {late:,}; {name}, {cores()} cores",
        ("what", "tickets", "savctl/s", "floor/s", "ratio", "target"),
    )


if __name__ == "__main__":
    sys.exit(main())
