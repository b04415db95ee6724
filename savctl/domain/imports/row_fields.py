"""One field of a foreign row as the kind of value a ticket needs, or the reason why not.

Every function raises `InvalidInput` with that reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from savctl.domain import text
from savctl.errors import InvalidInput

_SHOWN = 60


def choice(row: Mapping[str, object], name: str, kind: Any, default: Any) -> Any:
    """A member of an enum; case does not count."""
    given = row.get(name)
    if given is None:
        return default
    try:
        return kind(str(given).strip().lower())
    except ValueError:
        allowed = ", ".join(kind)
        raise InvalidInput(f"unknown {name} {str(given)[:_SHOWN]!r}; known: {allowed}") from None


def identifier(row: Mapping[str, object], name: str) -> int | None:
    """A user, agent or order id."""
    given = row.get(name)
    if given is None:
        return None
    digits = str(given).strip()
    if isinstance(given, bool) or not (digits.isascii() and digits.isdecimal()):
        raise InvalidInput(f"{name} {digits[:_SHOWN]!r} is not a whole number from 1")
    return text.identifier(name, int(digits[:30]))


def text_field(row: Mapping[str, object], name: str) -> str:
    """A text; nothing is an empty one."""
    given = row.get(name)
    if isinstance(given, dict | list):
        raise InvalidInput(f"{name} is not text")
    return "" if given is None else str(given)


def optional_line(row: Mapping[str, object], name: str) -> str | None:
    """A text for a VARCHAR column, or None."""
    found = text_field(row, name)
    return text.line(name, found) if found else None


def required(value: Any, name: str) -> Any:
    """The value, which has to be there."""
    if value is None:
        raise InvalidInput(f"{name} is missing")
    return value
