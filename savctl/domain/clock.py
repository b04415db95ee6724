"""Instants as text and back: aware, UTC, with a `Z` (rules 1.1, 11.1)."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

FAR_AWAY = datetime(9999, 1, 1, tzinfo=UTC)
# What comes later cannot be stored in a TIMESTAMP column.
COLUMNS_END = datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC)

# So long is an ISO text without its zone. strftime() takes twice as long as isoformat().
_SECONDS, _MICROSECONDS = len("2025-10-03T10:30:00"), len("2025-10-03T10:30:00.000000")

# A batch asks for the same few instants thousands of times.
_remembered = lru_cache(maxsize=256)


def to_the_second(moment: datetime) -> datetime:
    """The instant as a TIMESTAMP column keeps it.

    Cut, never rounded: MySQL rounds fractions and MariaDB truncates them, so savctl decides.
    """
    if moment.tzinfo is not UTC:  # those of rows and histories are in UTC already
        moment = moment.astimezone(UTC)
    if not moment.microsecond:
        return moment
    return without_fraction(moment)


def without_fraction(moment: datetime) -> datetime:
    """The same second of an instant in UTC: four times as quick as replace(), by place alone."""
    day = moment.year, moment.month, moment.day
    return datetime(*day, moment.hour, moment.minute, moment.second, 0, UTC)  # noqa: DTZ001


@_remembered
def second_text(moment: datetime) -> str:
    """`2025-10-03T10:30:00Z`, the form of event envelopes and of every output."""
    return f"{moment.astimezone(UTC).isoformat(timespec='seconds')[:_SECONDS]}Z"


@_remembered
def micro_text(moment: datetime) -> str:
    """`2025-10-03T10:30:00.000000Z`, the form of history entries."""
    return f"{moment.astimezone(UTC).isoformat(timespec='microseconds')[:_MICROSECONDS]}Z"


def instant(text: object) -> datetime | None:
    """The instant a stored text stands for; None when it is not one (foreign data).

    The last year there is stands for "never", and nothing can be added to it.
    """
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not UTC:
            moment = (
                moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
            )
    except (ValueError, OverflowError):
        return None
    return moment if moment < FAR_AWAY else None
