"""How old a closed ticket is: when it goes to the archive, and when it goes for good.

Rules 9.1, 9.2: the archive after 1 year, the end 7 years after `closed_at`. Years are calendar
years, so a leap day never ends a promise a day early.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from savctl.domain import times
from savctl.domain.model.history import Action
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.states import Status
from savctl.domain.tickets.closing import span_text
from savctl.domain.tickets.legal_hold import has_hold

# Somebody wanted to see a restored ticket; the next night must not take it away again.
RESTORED_STAYS = timedelta(days=30)
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
        return f"{self.years}y" if self.years else span_text(self.span)

    @property
    def words(self) -> str:
        """For a customer: `7 years`."""
        return f"{self.years} year{'s'[: self.years > 1]}" if self.years else span_text(self.span)


class Aged(Protocol):
    """What the rules here want to know of a ticket."""

    @property
    def status(self) -> Status:
        """Where it stands."""
        ...

    @property
    def closed_at(self) -> datetime | None:
        """When it was closed."""
        ...

    @property
    def metadata(self) -> Metadata:
        """Its hold and its restorations."""
        ...


def kept_hot(ticket: Aged, *, after: Age, now: datetime) -> str | None:
    """Why a ticket does not go to the archive now; None when it goes; empty when it is young."""
    if ticket.status is not Status.CLOSED:
        return ""
    if ticket.closed_at is None:
        return "closed without closed_at: savctl db check --fix may know it"
    if after.after(ticket.closed_at) >= now:
        return ""
    if has_hold(ticket.metadata):
        return "under legal hold: see savctl gdpr hold list"
    return _restored(ticket, now)


def is_over(closed_at: datetime, *, after: Age, now: datetime) -> bool:
    """Whether the time that a closed ticket is kept for has passed; its last instant counts."""
    return after.after(closed_at) <= now


def kept_for_good(ticket: Aged, *, after: Age, now: datetime) -> str | None:
    """Why a closed ticket is not removed for good; None when it is; empty when it is young."""
    if ticket.status is not Status.CLOSED or ticket.closed_at is None:
        return ""
    if not is_over(ticket.closed_at, after=after, now=now):
        return ""
    return "under legal hold: see savctl gdpr hold list" if has_hold(ticket.metadata) else None


def _restored(ticket: Aged, now: datetime) -> str | None:
    restored = [e.at for e in ticket.metadata.history if e.action == Action.RESTORED]
    if restored and now - restored[-1] < RESTORED_STAYS:
        return f"restored on {restored[-1]:%Y-%m-%d}: stays for {RESTORED_STAYS.days} days"
    return None
