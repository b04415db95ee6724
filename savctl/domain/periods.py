"""Days, weeks and months of UTC, as reports group by them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

_DAY = timedelta(days=1)


class Every(StrEnum):
    """How long a part of a report is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


def bucket(moment: datetime | None, every: Every) -> str:
    """`2025-10-03`, `2025-W40` (ISO 8601) or `2025-10`; `none` for no moment."""
    if moment is None:
        return "none"
    if every is Every.DAY:
        return f"{moment.year:04}-{moment.month:02}-{moment.day:02}"
    if every is Every.MONTH:
        return f"{moment.year:04}-{moment.month:02}"
    year, week, _ = moment.isocalendar()
    return f"{year}-W{week:02}"


def buckets(since: datetime, until: datetime, every: Every) -> Iterator[str]:
    """Every part that a span touches, in order, those without anything as well."""
    last, day = None, since
    while day < until:
        name = bucket(day, every)
        if name != last:
            yield name
        last = name
        if until - day <= _DAY:  # the calendar may end there
            break
        day += _DAY
    if until > since and (name := bucket(until - timedelta(seconds=1), every)) != last:
        yield name
