"""Calendar months of UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from savctl.errors import InvalidInput

_FORM = re.compile(r"(\d{4})-(\d\d)", re.ASCII)
_YEARS = range(1970, 9998)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month: from `since` (included) until `until`."""

    year: int
    number: int

    @classmethod
    def read(cls, text: str) -> Month:
        """The month of `2025-10`.

        Raises:
            InvalidInput: it is none.
        """
        found = _FORM.fullmatch(text)
        if found is not None:
            month = cls(int(found[1]), int(found[2]))
            if month.year in _YEARS and 1 <= month.number <= 12:
                return month
        raise InvalidInput(f"{text!r} is not a month", hint="Write it as 2025-10.")

    @classmethod
    def of(cls, moment: datetime) -> Month:
        """The month of an instant."""
        return cls(moment.year, moment.month)

    def plus(self, months: int) -> Month:
        """The month so many later; earlier with a negative number."""
        count = self.year * 12 + self.number - 1 + months
        return Month(count // 12, count % 12 + 1)

    @property
    def since(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def until(self) -> datetime:
        """The first moment after it."""
        return self.plus(1).since

    def require_over(self, now: datetime) -> None:
        """Pass when it has ended by now.

        Raises:
            InvalidInput: its figures would still change.
        """
        if self.until > now:
            raise InvalidInput(
                f"{self} is not over: it ends at {self.until:%Y-%m-%d %H:%M} UTC",
                hint=f"The last one that is over: {Month.of(now).plus(-1)}.",
            )

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"
