"""Which binary logs are copied, and where the copies have a gap (rules 17.2).

A server numbers its logs without holes and removes the oldest ones. What it removed before it
was copied is lost: the copies have a gap there, and nothing can be replayed over it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from savctl.domain.backup.log_positions import LogPosition, log_number, next_to, series_of


@dataclass(frozen=True, slots=True)
class ServerLog:
    """A log that the server has, and its size in bytes; the last one still grows."""

    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedLog:
    """A log in the place of backups.

    Attributes:
        end: bytes of the log that were copied, before compression.
        began_at: when the server began the log; two logs of one name differ in it.
        is_whole: the server had begun the next one.
        gap: why events before it are missing; None where it follows the one before.
        covers_until: the server's time before it was read: what was committed then is in it.
        part: name of the object that holds it.
        stored_bytes: size of that object.
        sha256: digest of that object.
        key_id: key that it is encrypted with; None for none.
    """

    name: str
    end: int
    began_at: datetime
    is_whole: bool
    covers_until: datetime
    part: str
    stored_bytes: int
    sha256: str
    gap: str | None = None
    key_id: str | None = None

    @property
    def end_position(self) -> LogPosition:
        """The place behind the last event that was copied."""
        return LogPosition(self.name, self.end)


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """The logs to copy, oldest first, and why each of some does not follow the one before."""

    logs: tuple[ServerLog, ...]
    gaps: Mapping[str, str]


def plan_copies(
    on_server: Sequence[ServerLog],
    copied: Sequence[CopiedLog],
    *,
    began_at: datetime | None = None,
) -> CopyPlan:
    """What is to be copied so that everything the server has is in the place of backups.

    Args:
        on_server: what the server lists, in its own order.
        copied: what is there already, in the order of copying.
        began_at: when the server's log with the name of the last copied one began; None when
            it has no such log.
    """
    if not on_server:
        return CopyPlan((), {})
    logs = tuple(on_server)
    gaps = {log.name: why for log, why in _holes(logs)}
    last = copied[-1] if copied else None
    if last is None:
        return CopyPlan(logs, gaps)
    names = [log.name for log in logs]
    if last.name not in names:
        if not (last.is_whole and names[0] == next_to(last.name)):
            gaps[names[0]] = _why_gone(last, names[0])
        return CopyPlan(logs, gaps)
    at = names.index(last.name)
    if (why := _why_other(last, logs[at], began_at)) is not None:
        return CopyPlan(logs, {**gaps, names[0]: why})
    first = at + 1 if _is_done(last, logs[at], is_last=at == len(logs) - 1) else at
    wanted = logs[first:]
    return CopyPlan(wanted, {name: why for name, why in gaps.items() if name in names[at + 1 :]})


def followed(copied: Sequence[CopiedLog], new: CopiedLog) -> tuple[CopiedLog, ...]:
    """The copies with one more; a longer copy of the last log takes its place, gap included."""
    if copied and new.gap is None and copied[-1].name == new.name:
        return (*copied[:-1], replace(new, gap=copied[-1].gap))
    return (*copied, new)


def _holes(logs: Sequence[ServerLog]) -> list[tuple[ServerLog, str]]:
    """The logs before which the server itself lacks one."""
    return [
        (log, f"the server has no {next_to(before.name)}")
        for before, log in pairwise(logs)
        if log.name != next_to(before.name)
    ]


def _is_done(last: CopiedLog, log: ServerLog, *, is_last: bool) -> bool:
    return log.size == last.end and (is_last or last.is_whole)


def _why_other(last: CopiedLog, log: ServerLog, began_at: datetime | None) -> str | None:
    """Why the server's log is not the one that was copied; None when it is."""
    if log.size < last.end:
        return f"{log.name} is shorter than its copy: the server started its logs again"
    if began_at is not None and began_at != last.began_at:
        return f"{log.name} is another one than was copied: the server started its logs again"
    return None


def _why_gone(last: CopiedLog, first: str) -> str:
    if series_of(last.name) != series_of(first):
        return f"the server's logs are called {series_of(first)} and were {series_of(last.name)}"
    if log_number(first) <= last.end_position.number:
        return f"the server has no {last.name} any more: it started its logs again"
    missing = last.name if not last.is_whole else next_to(last.name)
    return f"the server removed {missing} before it was copied"
