"""`ticket bulk undo`: a plan that leads back from what an operation did (rules 15.2, settled 16).

It is carried out like any other plan, so an undo has an operation id and can be undone itself.
"""

from __future__ import annotations

from savctl.domain.access.file_access import Requester, Role
from savctl.domain.access.policy import AccessRefused
from savctl.domain.bulk.guards import guard_of
from savctl.domain.bulk.planned_ticket import PlannedTicket
from savctl.domain.bulk.steps import BulkTerms
from savctl.domain.bulk.way_back import (
    CHANGED_SINCE_OPERATION,
    NoWayBack,
    OperationChange,
    is_as_left,
    steps_back,
)
from savctl.errors import NotFound
from savctl.persistence.engine import Database
from savctl.persistence.operations.operation_log import (
    StoredOperation,
    changes_of,
    find_operation,
)
from savctl.persistence.operations.planned import planned_tickets
from savctl.persistence.sql import chunks
from savctl.persistence.visibility import seen_tickets
from savctl.usecases.batch.report import ItemOutcome
from savctl.usecases.bulk.carrying_out import AUDITED_AS, run_id_of
from savctl.usecases.bulk.plan import Plan, PlanRow
from savctl.usecases.bulk.planning import Planning, plan_row

_PAGE = 1_000


def operation_named(database: Database, name: str, *, by: Requester) -> StoredOperation:
    """The operation of this id, which the asker may undo.

    Raises:
        NotFound: there is none.
        AccessRefused: it is another's, and the asker is no admin.
    """
    run_id = run_id_of(name)
    found = None
    if run_id is not None:
        with database.reading() as connection:
            found = find_operation(connection, run_id, note=AUDITED_AS)
    if found is None:
        raise NotFound(
            f"no operation {name[:40]}",
            hint=f"savctl audit list --action {AUDITED_AS} shows them.",
            operation=name[:40],
        )
    if by.role not in {None, Role.ADMIN} and found.actor != by.user_id:
        raise AccessRefused(f"{name} is another's operation", hint="An admin may undo it.")
    return found


def plan_undo(work: Planning, operation: StoredOperation) -> Plan:
    """The plan that leads back: a row for each ticket that the operation changed."""
    op, plan = work.op, Plan()
    terms = BulkTerms(by=op.actor, now=op.clock(), policies=op.policies)
    for some in chunks(changes_of(op.database, operation), _PAGE):
        with op.database.reading() as connection:
            ids = [change.ticket_id for change in some]
            seen = seen_tickets(connection)
            tickets = planned_tickets(connection, ids, seen, has_metadata=True)
        found = {ticket.id: ticket for ticket in tickets}
        for change in some:
            plan.add(_row(work, change, found.get(change.ticket_id), terms))
        work.on_row(plan.summary.rows)
        if work.should_stop():
            break
    return plan


def _row(
    work: Planning, change: OperationChange, ticket: PlannedTicket | None, terms: BulkTerms
) -> PlanRow:
    """What undoes the change of one ticket; one that is not seen is like one that is gone."""
    if ticket is None:
        return PlanRow(change.ticket_id, None, None, ItemOutcome.SKIPPED, CHANGED_SINCE_OPERATION)
    try:
        steps = steps_back(change, reason=f"undo of {work.order.undoes}")
    except NoWayBack as final:
        return _left(ticket, ItemOutcome.REFUSED, f"{ticket.ticket_number}: {final.message}")
    if not is_as_left(ticket.as_ticket(), change):
        return _left(ticket, ItemOutcome.SKIPPED, CHANGED_SINCE_OPERATION)
    return plan_row(ticket, steps, work.order, terms)


def _left(ticket: PlannedTicket, outcome: ItemOutcome, reason: str) -> PlanRow:
    return PlanRow(ticket.id, ticket.ticket_number, guard_of(ticket), outcome, reason)
