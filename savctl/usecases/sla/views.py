"""The SLA of tickets as people and scripts read it: where it stands, and what explains it.

Nothing is changed here. What is recorded and what the clock finds are kept apart: another
program may have changed a ticket, or no scan may have seen it in time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from savctl.domain.clock import second_text, to_the_second
from savctl.domain.model.history import Action, HistoryEntry
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.breach import Breach, breaches_of
from savctl.domain.sla.clock import PUBLIC_MESSAGE, Side, SideClock, SlaClock, clock
from savctl.domain.sla.policy import Policies
from savctl.domain.sla.targets import COUNTED, is_automatic
from savctl.domain.tickets.point_in_time import as_of
from savctl.errors import NotFound
from savctl.persistence.engine import Database
from savctl.persistence.sla.reads import Alarm, Reply, SlaReads


class BreachPlace(StrEnum):
    """Where a breach is written down."""

    BOTH = "both"
    LEDGER = "ledger"  # another program took it out of the metadata
    METADATA = "metadata"  # another program wrote it


class Recording(StrEnum):
    """How a side stands with what is written down of it."""

    NONE = "none"  # no breach, and none written down
    RECORDED = "recorded"
    NEXT_SCAN = "next_scan"
    WEEKLY_AUDIT = "weekly_audit"  # the scan writes to open and in_progress tickets only
    NEVER = "never"  # the clock is no proof: a partial history, a merged ticket
    NOT_FOUND_TODAY = "not_found_today"  # written down, but the clock does not find it


class PromiseOrigin(StrEnum):
    """Where a promise comes from."""

    CREATION = "creation"
    BY_HAND = "by_hand"
    IMPORT = "import"
    ASSUMED = "assumed"  # another program made the ticket: its priority, since creation


@dataclass(frozen=True, slots=True)
class Recorded:
    """A breach that is written down, and where."""

    breach: Breach
    place: BreachPlace


@dataclass(frozen=True, slots=True)
class SlaState:
    """A ticket, its clocks at a moment, and what is written down of it, the response first."""

    ticket: Ticket
    sla: SlaClock
    written: tuple[Recorded, ...] = ()

    @property
    def breaches(self) -> tuple[Breach, ...]:
        """The breaches that are written down."""
        return tuple(one.breach for one in self.written)

    def recorded(self, side: SideClock) -> Recorded | None:
        """What is written down of a side."""
        return next((one for one in self.written if one.breach.side is side.side), None)

    def recording(self, side: SideClock) -> Recording:
        """How a side stands with what is written down of it (rules 4.6, 4.7)."""
        if self.recorded(side) is not None:
            return Recording.RECORDED if side.is_breached else Recording.NOT_FOUND_TODAY
        if not side.is_breached:
            return Recording.NONE
        if not self.sla.is_trusted:
            return Recording.NEVER
        return Recording.NEXT_SCAN if self.ticket.status in COUNTED else Recording.WEEKLY_AUDIT


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaExplanation:
    """What explains a ticket's clocks.

    `promised_by` is the change by hand that gave the promise, `raises` are the automatic ones,
    which moved none. `reply` ended the response clock, `notes` were written up to then. Of an
    earlier moment nothing is known of the `alarm`.
    """

    seen: SlaState
    origin: PromiseOrigin
    promised_by: HistoryEntry | None
    raises: tuple[HistoryEntry, ...]
    reply: Reply | None
    notes: int
    alarm: Alarm | None
    is_past: bool = False


def sla_states(
    reads: SlaReads, tickets: Sequence[Ticket], *, now: datetime, policies: Policies
) -> Iterator[SlaState]:
    """The clocks of tickets as they stand at a moment; two queries for all of them."""
    facts = reads.facts(tickets)
    for ticket in tickets:
        known = facts[ticket.id]
        sla = clock(ticket, now=now, answered_at=known.answered_at, policies=policies)
        yield SlaState(ticket, sla, _written(known.ledger, breaches_of(ticket.metadata)))


def sla_state(
    database: Database, ref: str | int, *, now: datetime, policies: Policies, is_past: bool = False
) -> SlaState:
    """One ticket's clocks; with `is_past`, as they stood at an earlier moment.

    Raises:
        NotFound: no such ticket, or it did not exist yet.
    """
    with database.reading() as connection:
        return _see(SlaReads(connection), ref, now, policies, is_past=is_past)


def explain(
    database: Database, ref: str | int, *, now: datetime, policies: Policies, is_past: bool = False
) -> SlaExplanation:
    """All that explains one ticket's clocks.

    Raises:
        NotFound: no such ticket, or it did not exist yet.
    """
    with database.reading() as connection:
        reads = SlaReads(connection)
        seen = _see(reads, ref, now, policies, is_past=is_past)
        ticket, response = seen.ticket, seen.sla.response
        changes = [e for e in ticket.metadata.history if e.action == Action.PRIORITY]
        by_hand = _promised_by(seen, changes)
        is_reply = response.cause == PUBLIC_MESSAGE
        return SlaExplanation(
            seen=seen,
            origin=_origin(ticket, by_hand),
            promised_by=by_hand,
            raises=tuple(entry for entry in changes if is_automatic(entry)),
            reply=reads.first_reply(ticket) if is_reply else None,
            notes=reads.count_notes(ticket.id, until=response.ended_at or seen.sla.at),
            alarm=None if is_past else reads.alarm(ticket.id),
            is_past=is_past,
        )


def _see(
    reads: SlaReads, ref: str | int, now: datetime, policies: Policies, *, is_past: bool
) -> SlaState:
    ticket = reads.ticket(ref)
    if not is_past:
        (seen,) = sla_states(reads, [ticket], now=now, policies=policies)
        return seen
    _require_born(ticket, now)
    then, known = as_of(ticket, now, policies), reads.facts([ticket])[ticket.id]
    is_answered = known.answered_at is not None and known.answered_at <= now
    answered_at = known.answered_at if is_answered else None
    ledger = [breach for breach in known.ledger if breach.found_at <= now]
    sla = clock(then, now=now, answered_at=answered_at, policies=policies)
    return SlaState(then, sla, _written(ledger, breaches_of(then.metadata)))


def _written(ledger: Sequence[Breach], metadata: Sequence[Breach]) -> tuple[Recorded, ...]:
    """Each side once: the ledger goes before the metadata."""
    reported = {breach.side: breach for breach in reversed(metadata)}
    kept = {breach.side: breach for breach in ledger}
    found = []
    for side in Side:
        if side in kept:
            place = BreachPlace.BOTH if side in reported else BreachPlace.LEDGER
            found.append(Recorded(kept[side], place))
        elif side in reported:
            found.append(Recorded(reported[side], BreachPlace.METADATA))
    return tuple(found)


def _require_born(ticket: Ticket, now: datetime) -> None:
    if ticket.created_at is not None and ticket.created_at > now:
        raise NotFound(
            f"{ticket.ticket_number} did not exist at {second_text(now)}",
            hint=f"It was created at {second_text(ticket.created_at)}.",
            ticket_number=ticket.ticket_number,
        )


def _promised_by(seen: SlaState, changes: Sequence[HistoryEntry]) -> HistoryEntry | None:
    """The change by hand at the moment of the promise."""
    since = seen.sla.promise.since
    by_hand = [e for e in changes if not is_automatic(e) and to_the_second(e.at) == since]
    return by_hand[-1] if by_hand else None


def _origin(ticket: Ticket, by_hand: HistoryEntry | None) -> PromiseOrigin:
    if by_hand is not None:
        return PromiseOrigin.BY_HAND
    actions = {entry.action for entry in ticket.metadata.history}
    if isinstance(ticket.metadata.object_at("sla").get("promise"), dict):
        if Action.CREATED in actions:
            return PromiseOrigin.CREATION
        if Action.IMPORTED in actions:
            return PromiseOrigin.IMPORT
    return PromiseOrigin.ASSUMED
