"""What a scrape of `/metrics` costs on a large desk: one, fifty at once, the database hung.

A scheduler in a process of its own serves it, on the rows of `benchmarks.tickets.reads` and a
month of runs. Jobs count the large figures beforehand, as in production. Then fifty ask at once,
the database hangs (a proxy that takes everything and answers nothing), the series are counted, and
the text is searched for subjects, names and files.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy import func, insert, select

from benchmarks.framework import kept_databases
from benchmarks.framework.figures import Table, cores, finish, percentile, say
from savctl.bootstrap import App
from savctl.config import load
from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import (
    runs,
    support_tickets,
    ticket_attachments,
)
from savctl.ports import system_clock
from savctl.scheduling.job import all_jobs
from savctl.scheduling.metrics import metric_places
from savctl.usecases.metrics.refreshing import refresh_figures
from tests.servers.network.tcp_proxy import TcpProxy, Towards
from tests.servers.ports import LOOPBACK, free_port

_SMALL = 20_000
_SCRAPES, _AT_ONCE = 100, 50
_LIMIT_MS, _LIMIT_SECONDS, _SERIES = 200, 5.0, 1_500
_MARKERS = 500
_RUN_DAYS = 30
_EACH_MINUTE = ("event-relay", "sla-escalation", "sync-consume")
_CHUNK = 5_000


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when a target is missed."""
    parser = kept_databases.parser_of("benchmarks.metrics.scraping", __doc__, small=_SMALL)
    given = parser.parse_args(words)
    tickets = kept_databases.tickets_of(given, small=_SMALL)
    tables = []
    for kind in given.on:
        with kept_databases.shop(kind, tickets) as kept:
            tables.append(_measured(kept))
            tables[-1].show()
    return finish(tables)


def _measured(kept: kept_databases.Kept) -> Table:
    table = Table(
        f"Scrapes on {kept.name}: {kept.tickets:,} tickets, {cores()} cores",
        ("of", "p50", "p95", "max", "limit"),
    )
    database = Database(kept.url)
    _prepare(database, kept.url)
    with _served(kept.url) as address:
        text = _wait_for_first(address)
        times = sorted(1_000 * _timed(address, "/metrics")[1] for _ in range(_SCRAPES))
        p95 = percentile(times, 0.95)
        table.add(
            *("one scrape, ms", percentile(times, 0.5), p95, times[-1], _LIMIT_MS),
            is_met=p95 < _LIMIT_MS,
        )
        _add_answers(table, f"{_AT_ONCE} at once, s", _all_at_once(address), wanted=_AT_ONCE)
    if not database.is_sqlite:
        _add_answers(table, "database hangs, s", _while_it_hangs(kept.url), wanted=1)
    series = sum(1 for line in text.splitlines() if line and not line.startswith("#"))
    table.add("series", series, "", "", _SERIES, is_met=series <= _SERIES)
    found = sum(marker in text for marker in _markers(database))
    table.add("subjects, descriptions, users, files in it", found, "", "", 0, is_met=found == 0)
    database.close()
    return table


def _add_answers(
    table: Table, name: str, answers: Sequence[tuple[int, float]], *, wanted: int
) -> None:
    """So many of all must be answered 200, and every one in time."""
    times = sorted(seconds for _, seconds in answers)
    well = sum(status == 200 for status, _ in answers)
    table.add(
        *(name, percentile(times, 0.5), percentile(times, 0.95), times[-1], _LIMIT_SECONDS),
        is_met=times[-1] <= _LIMIT_SECONDS and well >= wanted,
    )


def _prepare(database: Database, url: str) -> None:
    """A month of runs, and the figures that jobs count."""
    with database.reading() as connection:
        has_runs = bool(connection.execute(select(func.count()).select_from(runs)).scalar())
    if not has_runs:
        say("writing a month of runs")
        _write_runs(database)
    say("counting the figures")
    app = App(load({"SAVCTL_DATABASE_URL": url, "HOME": "."}))
    for job in all_jobs():
        refresh_figures(job, metric_places(app))
    app.close()


def _write_runs(database: Database) -> None:
    now = system_clock().replace(second=0, microsecond=0)
    slots = [now - timedelta(minutes=n) for n in range(_RUN_DAYS * 24 * 60, 0, -1)]
    common = {"started_by": "scheduler", "status": "ok", "host": "bench:1", "token": 1}
    for job in _EACH_MINUTE:
        for start in range(0, len(slots), _CHUNK):
            rows = [
                {"job": job, "scheduled_for": at, "started_at": at, "finished_at": at, **common}
                for at in slots[start : start + _CHUNK]
            ]
            database.transaction(lambda c, rows=rows: c.execute(insert(runs), rows))  # type: ignore[misc]


@contextmanager
def _served(url: str) -> Iterator[str]:
    """The address of a scheduler in a process of its own, with nothing else at work."""
    address = f"{LOOPBACK}:{free_port()}"
    words = ("scheduler", "run", "--metrics", address, "--only", "cache-cleanup")
    with subprocess.Popen(
        [sys.executable, "-m", "savctl", *words],
        env={**os.environ, "SAVCTL_DATABASE_URL": url},
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield address
        finally:
            process.terminate()


def _while_it_hangs(url: str) -> list[tuple[int, float]]:
    """What the three addresses answer while the server takes everything and answers nothing."""
    with TcpProxy(int(urlsplit(url).port or 0)) as proxy, _served(proxy.through(url)) as address:
        _wait_for_first(address)
        proxy.hold(*Towards)
        hung = [_timed(address, path) for path in ("/metrics", "/healthz", "/readyz")]
        proxy.release()
    return hung


def _wait_for_first(address: str) -> str:
    """The text of the first scrape that sees the database."""
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        with (
            suppress(OSError),
            urllib.request.urlopen(f"http://{address}/metrics", timeout=20) as answer,
        ):
            text: str = answer.read().decode()
            if "\nsavctl_up 1" in text:
                return text
        time.sleep(0.1)
    raise TimeoutError("the scheduler does not serve its metrics")


def _timed(address: str, path: str) -> tuple[int, float]:
    """The status, and the seconds until all of it was there."""
    began = time.perf_counter()
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=30) as answer:
            answer.read()
            status = answer.status
    except urllib.error.HTTPError as refused:
        refused.close()
        status = refused.code
    return status, time.perf_counter() - began


def _all_at_once(address: str) -> list[tuple[int, float]]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda _: _timed(address, "/metrics"), range(_AT_ONCE)))


def _markers(database: Database) -> Iterator[str]:
    """Texts of tickets and names of files, as they are stored."""
    t, a = support_tickets.c, ticket_attachments.c
    with database.reading() as connection:
        for row in connection.execute(select(t.subject, t.description).limit(_MARKERS)):
            yield from (text for text in row if text)
        for row in connection.execute(select(a.original_name, a.file_path).limit(_MARKERS)):
            yield from (text for text in row if text)


if __name__ == "__main__":
    sys.exit(main())
