"""Carrying a plan out: set-wise, in batches, each ticket judged again on its locked row.

Rules 15.1, 15.2, 10.2. A row whose guard broke is left. What a killed run had committed broke its
guard, so that the same plan again does the rest and nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from savctl.domain.bulk.guards import CHANGED_SINCE, still_holds
from savctl.domain.bulk.steps import BulkStep, BulkTerms, BulkVerb
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.decision import Decision
from savctl.domain.tickets.senders import Sender
from savctl.domain.tickets.tags import tags_of
from savctl.persistence.tickets.ticket_times import latest_by_ticket
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.usecases.batch.batches import BatchContext, in_batches
from savctl.usecases.batch.report import Item, ItemOutcome
from savctl.usecases.bulk.judging import judge
from savctl.usecases.bulk.order import UNDO, BulkOrder
from savctl.usecases.bulk.plan import Plan, PlanPages, PlanRow
from savctl.usecases.operation import Operation
from savctl.usecases.tickets import sanitize

AUDITED_AS = "bulk"  # the action of the audit's entries about a whole operation
_PREFIX = "op-"


def operation_id(run_id: int) -> str:
    """The id by which people name what a bulk run did."""
    return f"{_PREFIX}{run_id}"


def run_id_of(operation: str) -> int | None:
    """The run of an operation; None for what is no id of one."""
    digits = operation.strip().lower().removeprefix(_PREFIX)
    is_id = operation.strip().lower().startswith(_PREFIX) and digits.isascii()
    return int(digits) if is_id and digits.isdecimal() and len(digits) < 19 else None


def carry_out(op: Operation, order: BulkOrder, plan: Plan, terms: BatchContext) -> None:
    """Do what the plan says, as far as it still holds; each row is added to `terms.report`.

    Raises:
        Unavailable: the database went away, or the lease was lost; committed batches stay.
    """
    work = _Work(op, order, PlanPages(plan), _body(order), _run_id(terms))
    if terms.fence is not None:
        in_transaction(
            op.database, lambda uow: work.announce(uow, plan.summary.changes), fence=terms.fence
        )
    if terms.on_total is not None:
        terms.on_total(plan.summary.rows)
    stopped_at = in_batches(op.database, work.pages, work.batch, terms=terms)
    if stopped_at is not None:
        terms.report.left = plan.summary.rows - terms.report.seen
        return
    unnamed = [row.as_item() for row in plan.rows() if row.id is None]
    terms.report.add(unnamed, seen=len(unnamed))


@dataclass(frozen=True, slots=True)
class _Work:
    """A plan at work; `body` is the message as it is stored, for each ticket."""

    op: Operation
    order: BulkOrder
    pages: PlanPages
    body: str | None
    run_id: int | None

    def announce(self, uow: UnitOfWork, changes: int) -> None:
        """The audit's first entry of the operation: what was asked for, and for how many."""
        details = {"verb": self.order.verb, "arguments": self.order.for_audit()}
        self._note(uow, {**details, "tickets": changes})

    def batch(self, uow: UnitOfWork, ids: Sequence[int]) -> list[Item]:
        """One transaction: lock, compare, judge what is locked, write all of it set-wise."""
        locked = uow.tickets.lock_guarded(ids)
        latest = latest_by_ticket(uow.connection, ids)
        now = self.op.clock()
        usual = BulkTerms(by=self.op.actor, now=now, policies=self.op.policies)
        items: list[Item] = []
        changes: list[tuple[Ticket, Decision]] = []
        for row in map(self.pages.current.__getitem__, ids):
            if self.order.step is None and not row.steps:
                items.append(row.as_item())  # an undo found no way back
                continue
            digest, ticket = locked.get(row.id or 0, (None, None))
            if ticket is None or not still_holds(row.guard, digest):
                items.append(_left(row))
                continue
            newest = latest.get(ticket.id, now)
            terms = usual if newest <= now else replace(usual, now=newest)
            judged = judge(ticket, self._steps(row), self.order, terms)
            items.append(judged.item)
            if judged.decision is not None:
                changes.append((ticket, judged.decision))
            if judged.decision is not None and judged.sender is not None:
                self._add_message(uow, ticket, judged.sender, judged.decision.at)
        self._note_tags(uow, changes)
        uow.record_many(changes)
        return items

    def _add_message(self, uow: UnitOfWork, ticket: Ticket, sender: Sender, now: datetime) -> None:
        # few commands have a message, and what files need would be imported with it
        from savctl.usecases.tickets.conversation import add_to_conversation

        body = self.body or ""
        add_to_conversation(uow, ticket, sender=sender, body=body, internal=False, now=now)

    def _steps(self, row: PlanRow) -> Sequence[BulkStep]:
        return (self.order.step,) if self.order.step is not None else row.steps

    def _note_tags(self, uow: UnitOfWork, changes: Sequence[tuple[Ticket, Decision]]) -> None:
        """Which tags each ticket got and lost: its history names the field alone."""
        if self.run_id is None or self.order.verb not in {BulkVerb.TAG, UNDO}:
            return
        tags = {
            str(before.id): _tag_changes(before, decision.ticket)
            for before, decision in changes
            if before.metadata is not decision.ticket.metadata
        }
        found = {ticket_id: change for ticket_id, change in tags.items() if any(change.values())}
        if found:
            self._note(uow, {"tags": found})

    def _note(self, uow: UnitOfWork, details: dict[str, object]) -> None:
        if self.run_id is not None:
            named = {"operation": operation_id(self.run_id), **details}
            uow.audit.note(AUDITED_AS, actor=self.op.actor, at=self.op.clock(), details=named)


def _tag_changes(before: Ticket, after: Ticket) -> dict[str, list[object]]:
    old, new = tags_of(before.metadata), tags_of(after.metadata)
    return {
        "added": [tag for tag in new if tag not in old],
        "removed": [tag for tag in old if tag not in new],
    }


def _left(row: PlanRow) -> Item:
    return Item(row.id or 0, row.ticket_number, ItemOutcome.SKIPPED, CHANGED_SINCE)


def _body(order: BulkOrder) -> str | None:
    return None if order.message is None else sanitize.stored("message", order.message)


def _run_id(terms: BatchContext) -> int | None:
    return None if terms.fence is None else terms.fence.run_id
