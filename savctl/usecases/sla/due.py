"""Which SLA targets pass soon: read in the order of the alarms, so that it costs what is due.

An alarm is never later than the next breach that is not written down. So once the alarms up to a
moment are read, no target that passes before it is still to come, and the list can go out.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from savctl.domain.clock import to_the_second
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.sla.clock import Running, SideClock
from savctl.domain.sla.policy import SPECIFIED, Policies
from savctl.persistence.engine import Database
from savctl.persistence.paging import pages
from savctl.persistence.sla.reads import SlaReads, TicketScope
from savctl.persistence.sla.scheduled_checks import UnscheduledTickets
from savctl.usecases.sla.escalating import LONGEST_PAUSE
from savctl.usecases.sla.views import SlaState, sla_states

_PAGE = 500
_ANYBODYS = TicketScope()
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueTarget:
    """A target that passes at `at`, or that has passed and is not written down yet."""

    ticket_id: int
    ticket_number: str
    status: Status
    priority: Priority
    assigned_to: int | None
    side: SideClock
    at: datetime
    is_warned: bool

    @property
    def is_overdue(self) -> bool:
        """Whether the target has passed."""
        return self.side.is_breached


@dataclass(frozen=True, slots=True, kw_only=True)
class DueFilter:
    """Which targets: up to `within` from now, None for any that `warned_only` lists."""

    within: timedelta | None = None
    warned_only: bool = False
    held: TicketScope = _ANYBODYS


def due_targets(
    database: Database, wanted: DueFilter, *, now: datetime, policies: Policies, limit: int = 0
) -> Iterator[DueTarget]:
    """The targets of open and in_progress tickets that pass soon, the soonest first.

    What has passed already and is not written down comes first; what is written down is in the
    ledger, and a partial history is no proof. `limit` 0 is no limit.
    """
    at = to_the_second(now)
    until = at + _reach(wanted, policies)
    queue: list[tuple[datetime, int, str, DueTarget]] = []
    listed: set[tuple[int, str]] = set()
    for sure_until, page in _pages(database, wanted, at, until, policies):
        for due in page:
            key = (due.ticket_id, str(due.side.side))
            if key not in listed:  # an alarm that is set anew meanwhile comes twice
                listed.add(key)
                heapq.heappush(queue, (due.at, *key, due))
        while queue and sure_until is not None and queue[0][0] < sure_until:
            yield heapq.heappop(queue)[-1]
        if limit and len(queue) > limit:
            queue = heapq.nsmallest(limit, queue)  # in order, which is a heap as well
    while queue:
        yield heapq.heappop(queue)[-1]


def is_warned(side: SideClock, policies: Policies) -> bool:
    """Whether a running clock is past the share of its target that the settings warn at."""
    share = policies.current.warn_at_percent
    if share is None or side.running is not Running.RUNNING:
        return False
    return side.elapsed * 100 >= side.target * share


def _reach(wanted: DueFilter, policies: Policies) -> timedelta:
    """How far ahead to look; what is warned of is never further off than this."""
    share = policies.current.warn_at_percent
    if not wanted.warned_only or share is None:
        return wanted.within or timedelta()
    known = (policies.current, *policies.past, SPECIFIED)
    longest = max(target.resolution for p in known for target in p.targets.values())
    warned = longest * (100 - share) / 100
    return warned if wanted.within is None else min(wanted.within, warned)


def _pages(
    database: Database, wanted: DueFilter, now: datetime, until: datetime, policies: Policies
) -> Iterator[tuple[datetime | None, list[DueTarget]]]:
    """The targets page by page, and up to when all of them are known by then.

    An alarm rings a second after its target passed; and a clock that was paused when the scan
    saw it may have been started since by another program.
    """
    resumed_until = now + LONGEST_PAUSE
    for ids, last in ids_due(database, max(until, resumed_until) + _SECOND):
        with database.reading() as connection:
            reads = SlaReads(connection)
            found = reads.active_tickets(ids, wanted.held)
            tickets = [one for one in found if one.created_at is None or one.created_at <= now]
            seen = list(sla_states(reads, tickets, now=now, policies=policies)) if tickets else []
        page = [due for one in seen for due in _due(one, wanted, until, policies)]
        yield (last - _SECOND if last is not None and last > resumed_until else None), page


def ids_due(
    database: Database, until: datetime
) -> Iterator[tuple[Sequence[int], datetime | None]]:
    """Pages of tickets, with the last alarm of each; first those without a sure alarm.

    Of these only what is newer than the scan's last look at everything: it has seen the others.
    """
    with database.reading() as connection:
        unwatched = UnscheduledTickets(until, SlaReads(connection).watched_up_to())
    while True:
        with database.reading() as connection:
            ids = SlaReads(connection).unwatched(unwatched, limit=_PAGE)
        if not ids:
            break
        yield ids, None

    def read(after: tuple[datetime, int] | None, count: int) -> Sequence[tuple[datetime, int]]:
        with database.reading() as connection:
            return SlaReads(connection).alarms_until(until, after=after, limit=count)

    first: tuple[datetime, int] | None = None
    for alarms in pages(read, lambda alarm: alarm, after=first, size=_PAGE):
        yield [ticket_id for _, ticket_id in alarms], alarms[-1][0]


def _due(
    one: SlaState, wanted: DueFilter, until: datetime, policies: Policies
) -> Iterator[DueTarget]:
    if not one.sla.is_trusted:
        return
    for side in one.sla.sides:
        at = side.passed_at if side.is_breached else side.due_at
        if at is None or at > until or one.recorded(side) is not None:
            continue
        warned = is_warned(side, policies)
        if warned or not wanted.warned_only:
            yield DueTarget(
                ticket_id=one.ticket.id,
                ticket_number=one.ticket.ticket_number,
                status=one.ticket.status,
                priority=one.ticket.priority,
                assigned_to=one.ticket.assigned_to,
                side=side,
                at=at,
                is_warned=warned,
            )
