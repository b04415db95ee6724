"""When a job is due: cron lines in UTC, and what to do about slots that were missed (pure).

Cron and APScheduler do not mean the same by every line: day 0 of the week is Sunday to the one
and Monday to the other, and "the 13th, Friday" means *or* to the one and *and* to the other.
So only lines that both read alike are accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger

from savctl.errors import InvalidInput
from savctl.scheduling.job import CatchUp

EACH_AT_MOST = 100  # missed slots of an `each` job that are caught up; older ones are dropped
ON_TIME = timedelta(minutes=5)  # a `skip` job's slot counts as missed after this
ATTEMPTS = 5  # how often a slot is begun before it is given up
FIRST_PAUSE = timedelta(minutes=1)  # before a died slot is begun again; doubles each time

_NUMBERS = re.compile(r"(\*|\d+(-\d+)?)(/\d+)?(,(\*|\d+(-\d+)?)(/\d+)?)*")
_OPEN_STEP = re.compile(r"(^|,)\d+/")
_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_MONTHS = re.compile(rf"(({_MONTH})(-({_MONTH}))?)(,({_MONTH})(-({_MONTH}))?)*")
_DAY = "mon|tue|wed|thu|fri|sat"
_DAYS = re.compile(rf"(sun|({_DAY})(-({_DAY}))?)(,(sun|({_DAY})(-({_DAY}))?))*")


class Schedule:
    """A cron line: minute, hour, day of month, month, day of week; always UTC."""

    def __init__(self, line: str) -> None:
        """Read a line.

        Raises:
            InvalidInput: no cron line, or one that cron and savctl would read differently.
        """
        self.line = " ".join(line.lower().split())
        _refuse_what_is_read_two_ways(self.line)
        try:
            self._trigger = CronTrigger.from_crontab(self.line, timezone=UTC)
        except ValueError as problem:
            raise InvalidInput(f"{line!r} is not a cron line: {problem}", hint=_EXAMPLE) from None
        if self.next_after(datetime(2000, 1, 1, tzinfo=UTC)) is None:
            raise InvalidInput(f"{line!r} names a day that does not exist", hint=_EXAMPLE)

    def next_after(self, moment: datetime) -> datetime | None:
        """The first slot after an instant."""
        found: datetime | None = self._trigger.get_next_fire_time(
            None, moment + timedelta(microseconds=1)
        )
        return found

    def newest(self, *, after: datetime, until: datetime, most: int) -> list[datetime]:
        """The newest slots in (after, until], oldest first, at most so many.

        Looks back in ever wider spans, so that a job of every minute which was away for a
        month does not walk through all of its 43,000 slots.
        """
        span = timedelta(hours=1)
        while True:
            start = max(after, until - span)
            found = list(self._walk(start, until))
            if len(found) >= most or start == after:
                return found[-most:]
            span *= 4

    def _walk(self, after: datetime, until: datetime) -> Iterator[datetime]:
        slot = self.next_after(after)
        while slot is not None and slot <= until:
            yield slot
            slot = self.next_after(slot)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """The newest slot of a job that somebody began.

    `is_over` means that it may never be run again; `idle_since` is when its last attempt ended
    or, if that died, began.
    """

    slot: datetime
    is_over: bool
    attempt: int
    idle_since: datetime


def due(
    schedule: Schedule,
    catch_up: CatchUp,
    *,
    begun: Begun | None,
    known_since: datetime,
    now: datetime,
    oldest: timedelta,
) -> list[datetime]:
    """The slots to run now, oldest first.

    A job that never ran owes nothing from before `known_since`, so a monthly one does not run
    at the first start. Slots older than `oldest` are not caught up.
    """
    after = max(begun.slot if begun else known_since, now - oldest)
    most = EACH_AT_MOST if catch_up is CatchUp.EACH else 1
    missed = schedule.newest(after=after, until=now, most=most)
    if begun is not None and is_to_continue(begun, now):
        missed = [begun.slot, *missed]
    if catch_up is CatchUp.SKIP:
        missed = [slot for slot in missed if now - slot <= ON_TIME]
    return missed if catch_up is CatchUp.EACH else missed[-1:]


def is_to_continue(begun: Begun, now: datetime) -> bool:
    """Whether a slot whose attempt died or was interrupted is to be begun again now."""
    if begun.is_over or begun.attempt >= ATTEMPTS:
        return False
    if begun.idle_since > now + FIRST_PAUSE:  # written by a clock that was far ahead
        return True
    return now - begun.idle_since >= pause_after(begun.attempt)


def pause_after(attempt: int) -> timedelta:
    """How long to wait after an attempt that did not come to its end."""
    return FIRST_PAUSE * int(2 ** (attempt - 1))


_EXAMPLE = "Five fields in UTC, as: */15 * * * *, 30 3 * * sun, 0 4 1 * *."


def _refuse_what_is_read_two_ways(line: str) -> None:
    fields = line.split()
    if len(fields) != 5:
        raise InvalidInput(f"{line!r} has {len(fields)} fields, not 5", hint=_EXAMPLE)
    *numbers, month, weekday = fields
    for field in numbers:
        if not _NUMBERS.fullmatch(field) or _OPEN_STEP.search(field):
            raise InvalidInput(f"{field!r} in {line!r} is not understood", hint=_EXAMPLE)
    if not (_NUMBERS.fullmatch(month) or _MONTHS.fullmatch(month)):
        raise InvalidInput(f"month {month!r} in {line!r} is not understood", hint=_EXAMPLE)
    if re.search(r"\d", weekday):
        raise InvalidInput(
            f"{line!r} has a weekday by number, which is Sunday to cron and Monday here",
            hint="Write mon, tue, wed, thu, fri, sat or sun.",
        )
    if weekday != "*" and not _DAYS.fullmatch(weekday):
        raise InvalidInput(
            f"weekday {weekday!r} in {line!r} is not understood",
            hint="Write names, as mon-fri or sat,sun.",
        )
    if weekday != "*" and numbers[2] != "*":
        raise InvalidInput(
            f"{line!r} has a day of the month and a weekday: cron takes either, we take both",
            hint="Use one of the two.",
        )
