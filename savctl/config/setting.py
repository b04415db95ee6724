"""How a setting is declared: once, as a field that knows its variables, default and meaning.

The class of a subject only adds fields to `Settings`. It has no methods of its own
(`init=False, repr=False, eq=False`): Python would compile each at every start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

_DECLARED = "setting"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; `variables` are environment names, the first one ours."""

    name: str
    variables: tuple[str, ...]
    parse: Callable[[str], Any]
    default: Any
    meaning: str
    secret: bool = False


def setting(
    default: Any,
    parse: Callable[[str], Any],
    meaning: str,
    *,
    also: tuple[str, ...] = (),
    secret: bool = False,
) -> Any:
    """Declare a setting as a field of a dataclass.

    Args:
        default: the value where nobody sets one.
        parse: makes the value of a text; raises a ValueError or an error of savctl.
        meaning: one line for `config show` and the documents.
        also: variables of other programs, read after SAVCTL_<NAME>.
        secret: whether the value is never shown.
    """
    return field(metadata={_DECLARED: (default, parse, meaning, also, secret)})


def declared(owner: type) -> tuple[Setting, ...]:
    """The settings of a dataclass, in the order of its fields."""
    found = []
    for each in fields(owner):
        if _DECLARED in each.metadata:
            default, parse, meaning, also, secret = each.metadata[_DECLARED]
            names = (f"SAVCTL_{each.name.upper()}", *also)
            found.append(Setting(each.name, names, parse, default, meaning, secret))
    return tuple(found)
