"""A closed set of words that a column holds, and what else another program may have stored there.

A server without strict mode stores '' for a word that its ENUM does not have; another program may
have widened the ENUM. Such a value is shown as it is, equals no member, and no rule applies to it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

_NAME = "FOREIGN"


class ColumnEnum(StrEnum):
    """The members are what the schema has; `stored` reads what the row has."""

    @classmethod
    def stored(cls, value: object) -> Self:
        """The member of this value, or a value that is none, with the text that is stored."""
        try:
            return cls(value)  # type: ignore[arg-type]
        except ValueError:
            return cls._foreign("" if value is None else str(value))

    @classmethod
    def _foreign(cls, text: str) -> Self:
        foreign = str.__new__(cls, text)
        foreign._name_ = _NAME
        foreign._value_ = text
        return foreign

    @property
    def is_known(self) -> bool:
        """Whether the schema has this value."""
        return self._name_ != _NAME  # `name` looks it up through three calls
