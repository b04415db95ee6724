"""How old a closed ticket is: when it goes to the archive, and when it goes for good.

Rules 9.1, 9.2: the archive after 1 year, the end 7 years after `closed_at`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from savctl.domain.age import Age
from savctl.domain.model.history import Action
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.states import Status
from savctl.domain.tickets.legal_hold import has_hold

# Somebody wanted to see a restored ticket; the next night must not take it away again.
RESTORED_STAYS = timedelta(days=30)


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
