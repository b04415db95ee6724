"""The SLA of tickets as people and scripts read it: where it stands, why, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from savctl.domain.breach import Breach, breaches_of
from savctl.domain.policy import Policies
from savctl.domain.sla import COUNTED
from savctl.domain.sla_clock import Running, SideClock, SlaClock, clock
from savctl.domain.ticket import Ticket
from savctl.persistence.candidates import read_tickets
from savctl.persistence.engine import Database
from savctl.persistence.messages import Messages
from savctl.persistence.sla_alarms import DueAlarms, Unwatched
from savctl.persistence.sla_breaches import Ledger

_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Seen:
    """A ticket, its clocks at a moment, and the breaches that are written down of it."""

    ticket: Ticket
    sla: SlaClock
    breaches: tuple[Breach, ...]

    def recorded(self, side: SideClock) -> Breach | None:
        """The breach that is written down of a side."""
        return next((b for b in self.breaches if b.side is side.side), None)


@dataclass(frozen=True, slots=True)
class Due:
    """A target that passes soon, or has passed and was not written down yet."""

    seen: Seen
    side: SideClock
    at: datetime

    @property
    def is_overdue(self) -> bool:
        """Whether the target has passed."""
        return self.side.is_breached


def look(
    connection: Connection, tickets: Sequence[Ticket], *, now: datetime, policies: Policies
) -> Iterator[Seen]:
    """The clocks of tickets as they stand at a moment; two queries for all of them."""
    ids = [ticket.id for ticket in tickets]
    answers = Messages(connection).first_answers(ids)
    ledger = Ledger(connection).of_tickets(ids)
    for ticket in tickets:
        seen = clock(ticket, now=now, answered_at=answers.get(ticket.id), policies=policies)
        yield Seen(ticket, seen, _together(breaches_of(ticket.metadata), ledger[ticket.id]))


def due_targets(
    database: Database,
    *,
    now: datetime,
    within: timedelta,
    policies: Policies,
    warned_only: bool = False,
) -> list[Due]:
    """The targets of active tickets that pass within a span, the soonest first.

    What has passed and is not written down yet comes first; what is written down is in
    `breaches`. `warned_only` leaves those whose share of the target the policy warns of.
    """
    reach = max(within, _warning_reach(policies)) if warned_only else within
    found: list[Due] = []
    for pages in (DueAlarms(now + reach), Unwatched(now + reach)):
        while True:
            with database.reading() as connection:
                ids = pages.page(connection, after_id=0, limit=_PAGE)
                tickets = read_tickets(connection, ids) if ids else []
                seen = list(look(connection, tickets, now=now, policies=policies))
            if not ids:
                break
            found += [due for one in seen for due in _due(one)]
    if warned_only:
        found = [due for due in found if is_warned(due.side, due.seen.sla)]
    else:
        found = [due for due in found if due.at <= now + within]
    return sorted(found, key=lambda due: (due.at, due.seen.ticket.id))


def is_warned(side: SideClock, seen: SlaClock) -> bool:
    """Whether a running clock is past the share of its target that the policy warns of."""
    share = seen.promise.policy.warn_at_percent
    if share is None or side.running is not Running.RUNNING:
        return False
    return side.elapsed * 100 >= side.target * share


def _warning_reach(policies: Policies) -> timedelta:
    """How long before its breach a target may be warned of."""
    shares = [p for p in (policies.current, *policies.past) if p.warn_at_percent is not None]
    return max(
        (
            target.resolution * (100 - (policy.warn_at_percent or 100)) // 100
            for policy in shares
            for target in policy.targets.values()
        ),
        default=timedelta(),
    )


def _due(one: Seen) -> Iterator[Due]:
    if one.ticket.status not in COUNTED or not one.sla.is_trusted:
        return
    for side in one.sla.sides:
        if one.recorded(side) is not None:
            continue
        moment = side.passed_at if side.is_breached else side.due_at
        if moment is not None:
            yield Due(one, side, moment)


def _together(stored: Sequence[Breach], ledger: Sequence[Breach]) -> tuple[Breach, ...]:
    """What metadata holds, and what only the ledger still knows."""
    known = {breach.side for breach in stored}
    return (*stored, *(breach for breach in ledger if breach.side not in known))
