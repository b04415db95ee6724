"""Times as ops type them: `7d`, `3h30m`, `2025-10-03`, RFC 3339 (contract: command line, 1.8)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from savctl.errors import InvalidInput

_SPAN = re.compile(r"(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")
_LONGEST = timedelta(days=36_500)
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_FORMS = "Use 7d, 3h30m, 2025-10-03 or 2025-10-03T10:30:00Z."


def span(text: str) -> timedelta:
    """A length of time: weeks, days, hours, minutes, seconds, in this order."""
    match = _SPAN.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        raise InvalidInput(f"{text!r} is not a length of time", hint="Use 7d, 24h, 3h30m or 90s.")
    try:
        weeks, days, hours, minutes, seconds = (int(g or 0) for g in match.groups())
        length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except (OverflowError, ValueError):  # Python makes no number of thousands of digits
        length = timedelta.max
    if length > _LONGEST:
        raise InvalidInput(f"{text!r} is longer than 100 years")
    return length


def moment(text: str, *, now: datetime) -> datetime:
    """An instant: a span means that long ago; a day or a time without a zone is UTC."""
    given = text.strip()
    match = _SPAN.fullmatch(given)
    try:
        if match is not None and any(match.groups()):
            return now - span(given)
        parsed = datetime.fromisoformat(given)
        if parsed.tzinfo is None:
            return parsed.replace(tzinfo=UTC)
        return parsed.astimezone(UTC)
    except ValueError:
        raise InvalidInput(f"{text!r} is not a time", hint=_FORMS) from None
    except OverflowError:
        raise InvalidInput(f"{text!r} is out of range", hint=_FORMS) from None


def clock_moment(text: str, *, now: datetime) -> datetime:
    """An instant that a clock may be set to: spans can be counted from it both ways."""
    found = moment(text, now=now)
    if not FIRST <= found < LAST:
        raise InvalidInput(f"{text!r} is out of range", hint="A clock goes from 1970 to 8999.")
    return found


@lru_cache(maxsize=16)  # every ticket of a batch asks for the same one
def span_text(span: timedelta) -> str:
    """A span for people: whole days or hours where it is whole, else as it stands."""
    if span and not span % timedelta(days=1) and span != timedelta(days=1):
        return f"{span // timedelta(days=1)} days"
    if span and not span % timedelta(hours=1):
        return f"{span // timedelta(hours=1)} h"
    return str(span)
