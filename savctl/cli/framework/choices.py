"""Values out of a closed set, with a "did you mean" for the others."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

from savctl.errors import InvalidInput

E = TypeVar("E", bound=StrEnum)


def one_of(name: str, given: str, allowed: Sequence[str], *, prefix: str = "--") -> str:
    """The value, when it is allowed; case does not count. An argument has no `prefix`."""
    found = given.strip().lower()
    if found in allowed:
        return found
    near = get_close_matches(found, allowed, n=1)
    guess = f"Did you mean {str(near[0])!r}?" if near else None
    raise InvalidInput(f"{prefix}{name} {given!r} is not one of {', '.join(allowed)}", hint=guess)


def each_of(name: str, given: Sequence[str] | None, kind: type[E]) -> tuple[E, ...]:
    """Several values of an enum; each may itself be a list with commas."""
    words = [word for text in given or () for word in text.split(",") if word.strip()]
    return tuple(dict.fromkeys(kind(one_of(name, word, tuple(kind))) for word in words))
