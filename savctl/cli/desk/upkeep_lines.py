"""Events, backups, erasures and leases, a line for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from savctl.domain.text import plural
from savctl.persistence.backups.records import BackupKind
from savctl.usecases.desk.model import BackupLine, Desk, ErasureCounts, EventCounts, LeaseLine

Ago = Callable[[datetime | None, datetime], str]


def upkeep_lines(desk: Desk, ago: Ago) -> Iterator[list[str]]:
    """A row for each subject: its name, and how it stands."""
    if desk.events is not None:
        yield ["events", events_words(desk.events, desk.at, ago)]
    if desk.backups is not None:
        yield ["backups", backups_words(desk.backups, desk.at, ago)]
    if desk.erasures is not None:
        yield ["erasures", erasures_words(desk.erasures, desk.at, ago)]
    if desk.work is not None:
        yield ["leases", leases_words(desk.work.leases)]


def events_words(events: EventCounts, now: datetime, ago: Ago) -> str:
    """How many events wait and are dead, and how old the oldest is."""
    words = f"{events.waiting:,} waiting"
    if events.oldest_at is not None:
        words += f", the oldest from {ago(events.oldest_at, now)}"
    words += f"; {events.refusals:,} refused" if events.refusals else ""
    return f"{events.dead:,} dead; {words}" if events.dead else words


def backups_words(backups: Sequence[BackupLine], now: datetime, ago: Ago) -> str:
    """The newest backup of each kind, and when a dump was restored as a test."""
    return "; ".join(_backup(line, now, ago) for line in backups) or "none made"


def _backup(line: BackupLine, now: datetime, ago: Ago) -> str:
    proven = ""
    if line.kind == BackupKind.DUMP:
        proven = f", proven {ago(line.proven_at, now)}" if line.proven_at else ", never proven"
    return f"{line.kind} {ago(line.made_at, now) or 'never'}{proven}"


def erasures_words(erasures: ErasureCounts, now: datetime, ago: Ago) -> str:
    """How many requests are open, and when the next is due."""
    parts = [f"{erasures.late:,} late"] if erasures.late else []
    parts.append(f"{erasures.open:,} open")
    if erasures.next_due_at is not None and not erasures.late:
        parts.append(f"the next due {ago(erasures.next_due_at, now)}")
    if erasures.held:
        parts.append(f"{plural(erasures.held, 'rest')} kept by legal holds")
    return ", ".join(parts)


def leases_words(leases: Sequence[LeaseLine]) -> str:
    """Who holds what; a lease that ran out belongs to a process that died."""
    held = [line for line in leases if not line.lease.startswith("scheduler:")]
    if not held:
        return "none held"
    return ", ".join(
        f"{line.lease} by {line.owner}" + (" (ran out)" if line.seconds_left <= 0 else "")
        for line in held
    )
