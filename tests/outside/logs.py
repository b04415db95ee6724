"""Recorded logs beside the project; where they are absent, their tests are skipped."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from savctl.domain.imports.replay_plan import plan
from savctl.persistence.engine import Database
from savctl.persistence.tickets.counts import closings
from savctl.ports import SetClock
from savctl.usecases.database.integrity import CheckOptions, check_integrity
from savctl.usecases.imports.mapping_file import read_mapping
from savctl.usecases.imports.rows import reading
from savctl.usecases.replay.log_events import LogReader
from savctl.usecases.replay.replaying import Replay, replay
from savctl.usecases.replay.report import ReplayReport
from savctl.usecases.replay.timed_jobs import TimedJob

PROJECT = Path(__file__).resolve().parents[2]
DATA = PROJECT.parent / "shared" / "data"
EXAMPLES = PROJECT / "docs" / "examples"
START = datetime(2000, 1, 1, tzinfo=UTC)

# The state machine, written down a second time: the oracle knows nothing of savctl.
LEGAL = {
    ("open", "in_progress"),
    ("open", "closed"),
    ("in_progress", "waiting_customer"),
    ("in_progress", "resolved"),
    ("in_progress", "open"),
    ("waiting_customer", "in_progress"),
    ("waiting_customer", "closed"),
    ("resolved", "closed"),
    ("resolved", "in_progress"),
}


def log_file(*parts: str) -> Path:
    """A recorded log; skips the test where it is not there."""
    path = DATA.joinpath(*parts)
    if not path.is_file():
        pytest.skip(f"the recorded log {'/'.join(parts)} is not beside this project")
    return path


def log_rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV log, plain or gzipped."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as stream:
        yield from csv.DictReader(stream)


def counted_again(
    events: Sequence[tuple[str, str | None]],
) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]], int, Counter[str]]:
    """The oracle: (case, wanted status) in order; applied, refused, clean cases, final states."""
    states: dict[str, str] = {}
    applied: Counter[tuple[str, str]] = Counter()
    refused: Counter[tuple[str, str]] = Counter()
    dirty: set[str] = set()
    for case, to in events:
        now = states.setdefault(case, "open")
        if to is None or now == to:
            continue
        if (now, to) in LEGAL:
            applied[now, to] += 1
            states[case] = to
        else:
            refused[now, to] += 1
            dirty.add(case)
    return applied, refused, len(states) - len(dirty), Counter(states.values())


def play(
    database: Database,
    path: Path,
    mapping: str,
    *,
    source: str = "log",
    clock: SetClock | None = None,
    jobs: Sequence[TimedJob] = (),
    bridges: bool = False,
) -> tuple[ReplayReport, Mapping[int, str]]:
    """Play a log; answers the report and the bad rows by line."""
    text = read_mapping(EXAMPLES / mapping)
    how = plan(text.replay)
    bad: dict[int, str] = {}
    with reading(path, "csv", delimiter=text.delimiter) as rows:
        log = LogReader(rows, text, how, bad.__setitem__)
        terms = Replay(
            source=source, how=how, jobs=jobs, bridges=bridges, on_reject=bad.__setitem__
        )
        return replay(database, clock or SetClock(START), log, terms), bad


def unexplained_closings(database: Database) -> list[str]:
    """Closed tickets whose history does not say when, by whom or by which rule, and why."""
    with database.reading() as connection:
        return [
            ticket.ticket_number
            for ticket, entry in closings(connection)
            if entry is None
            or not entry.reason
            or entry.at.replace(microsecond=0) != ticket.closed_at
            or (entry.actor is None and not _is_a_rule(entry.reason))
        ]


def _is_a_rule(reason: str | None) -> bool:
    return (reason or "").startswith(("no response for", "resolved, not contested for"))


def broken_invariants(database: Database) -> list[str]:
    """What `db check` finds."""
    report = check_integrity(database, SetClock(datetime.now(UTC)), terms=CheckOptions())
    return [check for check, finding in report.findings.items() if finding.is_open]


def minute(stamp: str) -> datetime:
    """A time as `29/2/2016 01:16`."""
    return datetime.strptime(stamp, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)


def as_words(counts: Mapping[Any, int]) -> dict[Any, int]:
    """Counts without those that are nought."""
    return {key: count for key, count in counts.items() if count}


FIVE_DAYS = timedelta(days=5)
