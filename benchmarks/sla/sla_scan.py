"""What a scan of `sla-escalation` costs in a large desk: what is due, not what is open.

A million tickets (`--full`), a fifth of them in work, none late yet. The first run looks at all of
them; then each simulated minute 500 targets pass. A run is the whole job, with its lease, its run
row and every commit on the disk. What it reads is counted by the server, and explained. The
figures for metrics, which are counted after a run at most once a minute, are measured alone.

The floor under a minute's scan is PyMySQL alone, which writes the same rows of tickets, audit,
events, ledger and alarms into a copy of the tickets in work, and reads, locks and judges nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import delete, update

from benchmarks.framework.baseline import note_ratio
from benchmarks.framework.figures import Table, cores, finish, say
from benchmarks.framework.load import fill, migrate
from benchmarks.framework.plans import plan_of, recorded, rows_read
from benchmarks.framework.servers import durable_server
from benchmarks.framework.shop import BUSY_MINUTES, DUE_EACH_MINUTE, NOW, Shop
from benchmarks.sla import _plain_breaches
from benchmarks.sla._plain_database import Plain, opened
from savctl.bootstrap import App
from savctl.config import load
from savctl.persistence.schema.tables import figures
from savctl.ports import SetClock
from savctl.scheduling.job import find_job
from savctl.scheduling.metrics import metric_places
from savctl.scheduling.runner import JobReport, Start, run_job
from savctl.usecases.metrics.refreshing import refresh_figures
from tests.servers.databases.mysql_family import PrivateServer

_SMALL, _FULL = 200_000, 1_000_000
LIMIT_SECONDS = 1.0
# What RT 5's EscalatePriority does in a second on such a machine: with history, and empty.
RIVAL, RIVAL_EMPTY = 99, 2_372
TIMES_FASTER = 100
RATIO = 0.5
_JOB = "sla-escalation"
ROWS_EACH = 30  # so many rows and index entries may be read for a ticket that is due
_MINUTE = timedelta(minutes=1)
_QUIET = BUSY_MINUTES // 2


@dataclass(frozen=True, slots=True)
class Scan:
    """One run: how long, what it looked at and changed, and how many rows that read."""

    seconds: float
    report: JobReport
    rows: int
    floor_seconds: float = 0.0


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sla.sla_scan", description=__doc__)
    parser.add_argument("--tickets", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    given = parser.parse_args(words)
    tickets = given.tickets or (_FULL if given.full else _SMALL)
    shop = Shop(tickets, active=tickets // 5)
    with durable_server(pool="3G") as server:
        table = _measured(server, shop)
    table.show()
    return finish([table])


def _measured(server: PrivateServer, shop: Shop) -> Table:
    table = Table(
        f"sla-escalation: {shop.tickets:,} tickets, {shop.active:,} in work, "
        f"{DUE_EACH_MINUTE} newly due each minute; {server.name}, {cores()} cores",
        ("scan", "seconds", "due", "rows read", "in work/s", "target"),
    )
    url = server.create_database("desk")
    migrate(url)
    fill(url, shop)
    copy = _copied(server, url)
    with _desk(url) as (app, clock), opened(copy) as plain:
        refresh_figures(_JOB, metric_places(app))
        _line(table, shop, "the first, of all that is in work", [_scan(app, clock)])
        due = [_minute_later(app, clock, plain) for _ in range(BUSY_MINUTES - 1)]
        counting = _count_figures(app)
        faults = _explained(app, clock)
        _line(table, shop, f"{DUE_EACH_MINUTE} due", due, faults=faults)
        quiet = [_minute_later(app, clock) for _ in range(_QUIET)]
        _line(table, shop, "nothing due", quiet)
        table.add(
            "figures for metrics, counted after it", f"{counting:.3f}", *[""] * 4, is_met=None
        )
        clock.at = NOW + timedelta(hours=1)
        _line(table, shop, "once an hour: all compared", [_scan(app, clock)])
    _add_rates(table, shop, due)
    table.notes += faults
    return table


@contextmanager
def _desk(url: str) -> Iterator[tuple[App, SetClock]]:
    clock = SetClock(NOW)
    with closing(App(load({"SAVCTL_DATABASE_URL": url}), clock)) as app:
        yield app, clock


def _copied(server: PrivateServer, url: str) -> str:
    """Another database that has the tickets in work, and nothing else."""
    copy = server.create_database("floor")
    migrate(copy)
    with opened(url) as plain:
        plain.begin()
        plain.write(
            "INSERT INTO floor.support_tickets SELECT * FROM support_tickets "
            "WHERE status IN ('open', 'in_progress')",
            (),
        )
        plain.connection.commit()
    return copy


def _minute_later(app: App, clock: SetClock, floor: Plain | None = None) -> Scan:
    clock.advance(_MINUTE)
    scan = _scan(app, clock)
    if floor is not None and scan.report.run_id is not None:
        url = app.database.url.render_as_string(hide_password=False)
        rows = _plain_breaches.written_by(url, scan.report.run_id, clock())
        scan = replace(scan, floor_seconds=_plain_breaches.write(floor, rows))
    return scan


def _count_figures(app: App) -> float:
    """Seconds for counting them anew."""
    with app.database.connection() as connection:
        connection.execute(delete(figures))
        connection.commit()
    started = time.perf_counter()
    refresh_figures(_JOB, metric_places(app))
    return time.perf_counter() - started


def _scan(app: App, clock: SetClock) -> Scan:
    with app.database.connection() as connection:
        connection.execute(update(figures).values(made_at=clock()))
        connection.commit()
    with app.database.reading() as connection:
        before = rows_read(connection)
    started = time.perf_counter()
    report = run_job(find_job(_JOB), app, Start())
    seconds = time.perf_counter() - started
    with app.database.reading() as connection:
        rows = rows_read(connection) - before
    say(f"{clock():%H:%M}: {report.done.changed} late tickets found in {seconds:.3f} s")
    return Scan(seconds, report, rows)


def _line(
    table: Table, shop: Shop, name: str, scans: Sequence[Scan], *, faults: Sequence[str] = ()
) -> None:
    """One kind of scan; where something was due, half of them are to keep the limit of time, and
    all of them that of rows: other programs on the machine slow a scan, but add no rows.
    """
    slowest = max(scan.seconds for scan in scans)
    due = {scan.report.done.changed for scan in scans}
    rows = max(scan.rows for scan in scans)
    is_promised = due == {DUE_EACH_MINUTE}
    middle = statistics.median(scan.seconds for scan in scans)
    is_met = middle <= LIMIT_SECONDS and rows <= ROWS_EACH * DUE_EACH_MINUTE and not faults
    shown = f"{middle:.3f} (slowest {slowest:.3f})" if len(scans) > 1 else f"{slowest:.3f}"
    table.add(
        *(name, shown, ", ".join(map(str, sorted(due))), f"{rows:,}"),
        *(f"{shop.active / middle:,.0f}", f"<= {LIMIT_SECONDS:.0f} s" if is_promised else ""),
        is_met=is_met if is_promised else None,
    )


def _add_rates(table: Table, shop: Shop, due: Sequence[Scan]) -> None:
    """How that compares with a scan whose cost grows with all tickets in work."""
    middle = statistics.median(scan.seconds for scan in due)
    watched, written = shop.active / middle, DUE_EACH_MINUTE / middle
    times = watched / RIVAL
    table.add(
        "tickets in work for each second, against 99 (RT 5, with history)",
        *("", "", "", f"x {times:,.0f}", f">= x {TIMES_FASTER}"),
        is_met=times >= TIMES_FASTER,
    )
    ratio = statistics.median(scan.floor_seconds / scan.seconds for scan in due)
    note_ratio("late tickets", ratio)
    table.add(
        "late tickets alone: judged, written, audited, published, a second",
        *(f"{ratio:.2f} of the floor", "", "", f"{written:,.0f}", f">= {RATIO} of the floor"),
        is_met=ratio >= RATIO,
    )
    empty, alone = watched / RIVAL_EMPTY, written / RIVAL
    table.notes += [
        f"against RT's empty scan, {RIVAL_EMPTY:,}/s: x {empty:,.0f}",
        f"the late ones alone against RT: x {alone:.0f}",
    ]


def _explained(app: App, clock: SetClock) -> list[str]:
    """What is wrong with the plans of a scan, if anything reads more than what is due."""
    with recorded(app.database) as statements:
        _minute_later(app, clock)
    faults: dict[str, None] = {}
    with app.database.reading() as connection:
        for statement in statements:
            plan = plan_of(connection, statement, limit=ROWS_EACH * DUE_EACH_MINUTE)
            faults |= dict.fromkeys(plan.faults)
    return list(faults)


if __name__ == "__main__":
    sys.exit(main())
