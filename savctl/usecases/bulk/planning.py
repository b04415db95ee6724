"""Making the plan of a bulk command: which tickets, and what would become of each (rules 15.1).

Nothing is locked and nothing is changed. A page of tickets is read at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from savctl.domain.bulk.guards import guard_of
from savctl.domain.bulk.planned_ticket import PlannedTicket
from savctl.domain.bulk.steps import BulkStep, BulkTerms, BulkVerb
from savctl.domain.model.references import Reference
from savctl.domain.model.states import Status
from savctl.domain.model.ticket_filter import TicketFilter
from savctl.errors import SavError
from savctl.persistence.engine import Database
from savctl.persistence.operations.planned import planned_page, planned_tickets
from savctl.persistence.operations.selected import IdSet, named_many
from savctl.persistence.people import workload
from savctl.persistence.sql import chunks
from savctl.persistence.tickets.ticket_lists import listed
from savctl.persistence.visibility import seen_tickets
from savctl.usecases.batch.batches import never_stop
from savctl.usecases.batch.report import ItemOutcome
from savctl.usecases.bulk.judging import judge
from savctl.usecases.bulk.order import BulkOrder
from savctl.usecases.bulk.plan import Plan, PlanRow
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.assignment import RECENT

_PAGE = 1_000

_Outcome = tuple[ItemOutcome, str | None]
Steps = Callable[[PlannedTicket], Sequence[BulkStep]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """How a plan is made; `on_row` is called with the number of rows so far."""

    op: Operation
    order: BulkOrder
    should_stop: Callable[[], bool] = never_stop
    on_row: Callable[[int], None] = lambda _: None


def plan_filtered(work: Planning, wanted: TicketFilter) -> Plan:
    """The plan for the tickets of a filter, in id order; all that the asker sees."""
    database, has_metadata = work.op.database, _looks_at_metadata(work.order)
    with database.reading() as connection:
        is_every = wanted == TicketFilter() and not seen_tickets(connection)
    if is_every:
        return _filled(Plan(), work, _every(database, has_metadata=has_metadata))
    read = partial(planned_tickets, has_metadata=has_metadata)
    return _filled(Plan(), work, listed(database, wanted, read, sort="id"))


def plan_named(work: Planning, refs: Iterable[Reference]) -> Plan:
    """The plan for tickets that are named, each once, in id order.

    A reference that names no ticket is a row as well, behind the tickets.
    """
    ids, unknown = IdSet(), dict[str, SavError]()
    for some in chunks(refs, _PAGE):
        with work.op.database.reading() as connection:
            for ref, found in named_many(connection, some):
                if isinstance(found, int):
                    ids.add(found)
                else:
                    unknown[str(ref)] = found
    plan = _filled(Plan(), work, _of_ids(work, ids))
    for ref, problem in unknown.items():
        plan.add(PlanRow(None, ref, None, ItemOutcome.REFUSED, problem.message))
    return plan


def plan_row(
    ticket: PlannedTicket, steps: Sequence[BulkStep], order: BulkOrder, terms: BulkTerms
) -> PlanRow:
    """A ticket as a row of the plan; steps of its own are written into it."""
    item = judge(ticket.as_ticket(), steps, order, terms).item
    return _with_outcome(ticket, steps, order, (item.outcome, item.reason))


def _with_outcome(
    ticket: PlannedTicket, steps: Sequence[BulkStep], order: BulkOrder, outcome: _Outcome
) -> PlanRow:
    own = () if order.step is not None else steps
    return PlanRow(ticket.id, ticket.ticket_number, guard_of(ticket), *outcome, own)


def _kind(ticket: PlannedTicket, steps: Sequence[BulkStep], order: BulkOrder) -> Hashable | None:
    """What the outcome depends on: tickets of one kind are judged once; None is a kind of its own.

    A refusal names its ticket and is never taken for another one's.
    """
    if order.message is not None or _looks_at_metadata(order):
        return None
    if any(step.duplicate_of == ticket.id for step in steps):
        return None
    own = () if order.step is not None else steps
    return (ticket.status, ticket.assigned_to, ticket.priority, *own)


def _looks_at_metadata(order: BulkOrder) -> bool:
    """No rule but that of tags looks at it, and to read and decode it takes long."""
    return order.step is not None and order.step.verb is BulkVerb.TAG


def _filled(plan: Plan, work: Planning, tickets: Iterable[PlannedTicket]) -> Plan:
    op = work.op
    terms = BulkTerms(by=op.actor, now=op.clock(), policies=op.policies)
    steps, outcomes = _steps(work), dict[Hashable, _Outcome]()
    for ticket in tickets:
        own = steps(ticket)
        kind = _kind(ticket, own, work.order)
        if kind in outcomes:
            row = _with_outcome(ticket, own, work.order, outcomes[kind])
        else:
            row = plan_row(ticket, own, work.order, terms)
            if kind is not None and row.outcome is not ItemOutcome.REFUSED:
                outcomes[kind] = row.outcome, row.reason
        plan.add(row)
        if plan.summary.rows % _PAGE == 0:
            work.on_row(plan.summary.rows)
            if work.should_stop():
                break
    return plan


def _steps(work: Planning) -> Steps:
    if (step := work.order.step) is not None:
        alone = (step,)
        return lambda _: alone
    return _LeastLoaded(work).steps


def _every(database: Database, *, has_metadata: bool) -> Iterator[PlannedTicket]:
    """Every ticket there is: without a condition no index has to be asked for the ids first."""
    read = partial(planned_page, limit=_PAGE, has_metadata=has_metadata)
    after_id = 0
    while True:
        with database.reading() as connection:
            page = read(connection, after_id=after_id)
        yield from page
        if len(page) < _PAGE:
            return
        after_id = page[-1].id


def _of_ids(work: Planning, ids: Iterable[int]) -> Iterator[PlannedTicket]:
    has_metadata = _looks_at_metadata(work.order)
    for some in chunks(ids, _PAGE):
        with work.op.database.reading() as connection:
            seen = seen_tickets(connection)
            found = planned_tickets(connection, some, seen, has_metadata=has_metadata)
        yield from found


class _LeastLoaded:
    """`--to auto` for many: each ticket counts at once for the agent who is to get it."""

    def __init__(self, work: Planning) -> None:
        self._reason = work.order.reason
        with work.op.database.reading() as connection:
            self._loads = workload.active_loads(connection, since=work.op.clock() - RECENT)

    def steps(self, ticket: PlannedTicket) -> Sequence[BulkStep]:
        """The assignment of this ticket; who has it keeps it.

        Where nobody is known there is none, and the step refuses the ticket.
        """
        agent = ticket.assigned_to
        if agent is None and self._loads and ticket.status != Status.CLOSED:
            agent = min(self._loads, key=lambda one: (self._loads[one], one))
            self._loads[agent] += 1
        return (BulkStep(verb=BulkVerb.ASSIGN, to=agent, reason=self._reason),)
