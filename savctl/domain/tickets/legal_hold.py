"""A legal hold: what must stay as evidence, whatever its age or its customer's wish (rules 9.5).

A hold changes `metadata` and nothing else, `updated_at` not either, so no clock of silence starts
again. It is allowed on closed tickets: most lawsuits are about those.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from savctl.domain.clock import micro_text
from savctl.domain.model.history import Action, HistoryEntry
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.decision import Decision
from savctl.errors import Refused

_KEY = "legal_hold"
HELD = "held"


class UnderLegalHold(Refused):
    """The ticket is kept as evidence; only a release of the hold changes that."""

    code = "legal_hold"


def is_held(ticket: Ticket) -> bool:
    """Whether the ticket must be kept: no erasure, retention, archive, merge (rules 6.2, 9.5)."""
    return has_hold(ticket.metadata)


def has_hold(metadata: Metadata) -> bool:
    """Whether a ticket's metadata holds it.

    A hold that another program wrote in a shape of its own holds as well, and so does metadata
    that could not be read and mentions one, until it is released: to keep too much can be put
    right.
    """
    if metadata.get(_KEY) not in (None, False):
        return True
    return _KEY in str(metadata.get("unreadable")) and not any(
        entry.action == Action.HOLD and entry.after is None for entry in metadata.history
    )


def hold_of(metadata: Metadata) -> Mapping[str, object]:
    """The hold as `{reason, at, actor}`; each is None where another program left it out."""
    stored = metadata.object_at(_KEY)
    return {name: stored.get(name) for name in ("reason", "at", "actor")}


def require_not_held(ticket: Ticket, what: str) -> None:
    """Pass unless the ticket is under legal hold.

    Raises:
        UnderLegalHold: it is; `what` is what was asked, as "archive".
    """
    if is_held(ticket):
        raise UnderLegalHold(
            f"{ticket.ticket_number} is under legal hold: cannot {what}",
            hint=f"see savctl gdpr hold list; savctl gdpr hold release {ticket.ticket_number}",
            ticket_number=ticket.ticket_number,
            ticket_id=ticket.id,
        )


def hold(ticket: Ticket, *, reason: str, by: int | None, now: datetime) -> Decision:
    """Put the ticket under hold; the same hold again is done already.

    Raises:
        UnderLegalHold: it is held for another reason, which must not be lost.
    """
    now = ticket.moment(now)
    if is_held(ticket):
        if hold_of(ticket.metadata)["reason"] == reason:
            return Decision(ticket=ticket, at=now)
        raise UnderLegalHold(
            f"{ticket.ticket_number} is under legal hold already, for another reason",
            hint="Release it first, then hold it for both reasons.",
            ticket_number=ticket.ticket_number,
            ticket_id=ticket.id,
        )
    placed = {"reason": reason, "at": micro_text(now), "actor": by}
    marked = ticket.metadata.with_members(**{_KEY: placed})
    return _decision(
        ticket,
        marked,
        HistoryEntry(at=now, actor=by, action=Action.HOLD, before=None, after=HELD, reason=reason),
    )


def release(ticket: Ticket, *, reason: str | None, by: int | None, now: datetime) -> Decision:
    """End the hold; the history keeps that there was one."""
    now = ticket.moment(now)
    if not is_held(ticket):
        return Decision(ticket=ticket, at=now)
    marked = ticket.metadata.without(_KEY)
    return _decision(
        ticket,
        marked,
        HistoryEntry(at=now, actor=by, action=Action.HOLD, before=HELD, after=None, reason=reason),
    )


def _decision(ticket: Ticket, marked: Metadata, entry: HistoryEntry) -> Decision:
    changed = ticket.changed(metadata=marked.with_history((entry,)))
    return Decision(ticket=changed, at=entry.at, entries=(entry,))
