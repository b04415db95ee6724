"""Ages that settings name: calendar years, so that a leap day never ends a promise a day early."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from savctl.domain import times

_YEARS = re.compile(r"([0-9]{1,3})y")


@dataclass(frozen=True, slots=True)
class Age:
    """A length of time in calendar years, or in days and less."""

    years: int = 0
    span: timedelta = timedelta(0)

    @classmethod
    def read(cls, text: str) -> Age:
        """`7y`, or a span such as `400d`."""
        match = _YEARS.fullmatch(text.strip())
        age = cls(years=int(match[1])) if match else cls(span=times.span(text))
        if not age.years and not age.span:
            raise ValueError("must be longer than 0")
        return age

    def after(self, moment: datetime) -> datetime:
        """The instant at which something of this moment is so old; 29 February gives 1 March."""
        year = moment.year + self.years
        try:
            return moment.replace(year=year) + self.span
        except ValueError:
            return moment.replace(year=year, month=3, day=1) + self.span

    def before(self, now: datetime) -> datetime:
        """The instant that nothing so old by now is younger than.

        Around a leap day it may be a day too late: for queries, the rule decides on each.
        """
        year = max(now.year - self.years, 1)
        try:
            return now.replace(year=year) - self.span
        except ValueError:
            return now.replace(year=year, month=3, day=1) - self.span

    def __str__(self) -> str:
        return f"{self.years}y" if self.years else times.span_text(self.span)

    @property
    def words(self) -> str:
        """For a customer: `7 years`."""
        return (
            f"{self.years} year{'s'[: self.years > 1]}"
            if self.years
            else times.span_text(self.span)
        )
