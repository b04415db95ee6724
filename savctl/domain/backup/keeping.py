"""Which backups stay: `14d,8w,12m` (rules 17.2, settled 31)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

_PART = re.compile(r"([0-9]{1,4})([dwm])")
_LONGEST_MONTH = timedelta(days=31)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """All of the last `days`, then the newest of each of `weeks`, then of each of `months`."""

    days: int = 0
    weeks: int = 0
    months: int = 0

    @classmethod
    def read(cls, text: str) -> Keep:
        """The rule out of its text.

        Raises:
            ValueError: it is none.
        """
        parts = [_PART.fullmatch(part.strip()) for part in text.split(",")]
        found = {part[2]: int(part[1]) for part in parts if part is not None}
        if len(found) != len(parts) or not any(found.values()):
            raise ValueError("must look like 14d,8w,12m: days, weeks, months, in any order")
        return cls(days=found.get("d", 0), weeks=found.get("w", 0), months=found.get("m", 0))

    def __str__(self) -> str:
        spans = ((self.days, "d"), (self.weeks, "w"), (self.months, "m"))
        return ",".join(f"{number}{unit}" for number, unit in spans if number)

    def kept(self, made_at: Iterable[datetime], *, now: datetime) -> set[datetime]:
        """The backups that stay, by the moments when they were made."""
        times = sorted(set(made_at), reverse=True)
        kept = {at for at in times if at > now - timedelta(days=self.days)}
        kept |= _newest_of_each(times, _week, self.weeks)
        return kept | _newest_of_each(times, _month, self.months)

    def gone_by(self, made_at: datetime) -> datetime:
        """The latest moment at which a backup made then is still kept.

        One of the newest of its week or month stays until so many have followed it; it is
        counted as if it were that.
        """
        spans = (
            timedelta(days=self.days),
            _WEEK * (self.weeks + 1) if self.weeks else timedelta(0),
            _LONGEST_MONTH * (self.months + 1) if self.months else timedelta(0),
        )
        return made_at + max(spans)


def _newest_of_each(
    times: Collection[datetime], period: Callable[[datetime], tuple[int, int]], number: int
) -> set[datetime]:
    """The newest of each of the last periods that have one; `times` are newest first."""
    newest: dict[tuple[int, int], datetime] = {}
    for at in times:
        newest.setdefault(period(at), at)
    return set(list(newest.values())[:number])


def _week(at: datetime) -> tuple[int, int]:
    return at.isocalendar()[:2]


def _month(at: datetime) -> tuple[int, int]:
    return at.year, at.month
