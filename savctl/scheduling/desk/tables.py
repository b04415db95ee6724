"""Rows of the page of a scheduler, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from savctl.pages.values import words
from savctl.persistence.backups.records import BackupKind
from savctl.persistence.desk.queue_counts import QUEUED
from savctl.usecases.desk.job_states import by_need, state_of
from savctl.usecases.desk.model import BackupLine, ErrorLine, JobLine, NextTarget, QueueCounts

Row = Mapping[str, object]
_MINUTE = timedelta(minutes=1)
_PRIORITIES = ("urgent", "high", "medium", "low")
# What an error is about, by a word of it; the text itself is not shown.
_ABOUT = ("database", "broker", "bucket", "scanner", "lease", "brake", "keys", "backup")


def ago(moment: datetime | None, now: datetime) -> str:
    """`12 min ago`, `in 3 h 5 min`, `now`, or a dash."""
    if moment is None:
        return words("text", None)
    far = abs(moment - now)
    if far < _MINUTE:
        return "now"
    span = words("minutes", far // _MINUTE)
    return f"in {span}" if moment > now else f"{span} ago"


def job_rows(jobs: Sequence[JobLine], now: datetime) -> Iterator[Row]:
    """Every job, those to look at first."""
    for line in by_need(jobs):
        yield {
            "job": line.job,
            "state": state_of(line),
            "last": ago(line.last_started_at, now),
            "next": ago(line.next_slot, now),
            "why": line.why,
        }


def queue_table_rows(queue: QueueCounts) -> Iterator[Row]:
    """A row for each status."""
    for status in QUEUED:
        counts = {p: queue.counts.get((str(status), p), 0) for p in _PRIORITIES}
        yield {"status": str(status), **counts, "all": queue.of_status(status)}


def due_rows(targets: Sequence[NextTarget], now: datetime) -> Iterator[Row]:
    """What is due, without its ticket."""
    for target in targets:
        yield {
            "due": ago(target.at, now),
            "state": "late" if target.at < now else "in time",
            "side": target.side,
            "priority": target.priority,
            "status": target.status,
        }


def backup_rows(backups: Sequence[BackupLine], now: datetime) -> Iterator[Row]:
    """The newest of each kind."""
    for line in backups:
        is_dump = line.kind == BackupKind.DUMP
        never = "never proven" if is_dump else None
        proven = ago(line.proven_at, now) if line.proven_at else never
        yield {"kind": line.kind, "made": ago(line.made_at, now), "proven": proven}


def error_rows(errors: Sequence[ErrorLine], now: datetime) -> Iterator[Row]:
    """What went wrong, without its text."""
    for line in errors:
        text = (line.error or "").lower()
        yield {
            "at": ago(line.at, now),
            "job": line.job,
            "outcome": line.status,
            "failed": line.failed,
            "about": next((word for word in _ABOUT if word in text), None),
            "run_id": line.run_id,
        }
