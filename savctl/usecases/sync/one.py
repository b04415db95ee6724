"""One user or one order, asked for now and written (rules 14.6)."""

from __future__ import annotations

from dataclasses import dataclass

from savctl.domain.model.ticket import Ticket
from savctl.domain.sync.order_effects import confirm_order, mark_unknown
from savctl.domain.sync.questions import Found, OrderAnswer, UserAnswer
from savctl.domain.tickets.decision import Decision
from savctl.errors import NotFound, Unavailable
from savctl.persistence.sync.order_checks import is_customer
from savctl.persistence.sync.order_tickets import open_tickets_of
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.usecases.operation import Operation
from savctl.usecases.sync.asking import Services
from savctl.usecases.sync.comparing import differing
from savctl.usecases.sync.user_rows import store_answered


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncedUser:
    """A user as the auth service answered; `changed` names what was written."""

    user_id: int
    is_found: bool
    changed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncedOrder:
    """The tickets of an order that are not closed, and which of them changed."""

    order_id: int
    valid: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def sync_user(op: Operation, services: Services, user_id: int) -> SyncedUser:
    """Ask for a user and write what is answered.

    Raises:
        NotFound: neither the auth service nor this database knows the user.
        Unavailable: no answer.
    """
    now = op.clock()
    _, (answer,) = services.ask([], [user_id], at=now)
    _require_answer(answer, f"user {user_id}")
    if answer.person is None:
        with op.database.reading() as connection:
            uow = UnitOfWork(connection)
            is_here = not uow.users.unknown([user_id]) or is_customer(connection, user_id)
        if not is_here:
            raise NotFound(f"the auth service has no user {user_id}", user_id=user_id)
        return SyncedUser(user_id=user_id, is_found=False)
    person = answer.person

    def work(uow: UnitOfWork) -> str:
        names = differing(uow.users.known([user_id]).get(user_id), person)
        written = store_answered(uow, [person], services.erasure, as_of=now, now=now)
        return names if written else ""

    changed = in_transaction(op.database, work, dry_run=op.dry_run)
    return SyncedUser(user_id=user_id, is_found=True, changed=changed)


def sync_order(op: Operation, services: Services, order_id: int) -> SyncedOrder:
    """Ask for an order, once for each customer who has a ticket about it, and write the answers.

    Raises:
        NotFound: no open ticket is about the order.
        Unavailable: no answer.
    """
    now = op.clock()
    with op.database.reading() as connection:
        uow = UnitOfWork(connection)
        tickets = [uow.tickets.get(one) for one in open_tickets_of(connection, [order_id])]
    if not tickets:
        raise NotFound(f"no open ticket is about order {order_id}", order_id=order_id)
    customers = sorted({ticket.user_id for ticket in tickets})
    answers, _ = services.ask([(order_id, one) for one in customers], [], at=now)
    for answer in answers:
        _require_answer(answer, f"order {order_id}")
    by_customer = dict(zip(customers, answers, strict=True))
    policies = op.policies
    if policies is None:
        raise TypeError("the policies decide about priorities")

    def rule(ticket: Ticket) -> Decision:
        order = by_customer[ticket.user_id].order
        if order is None:
            return mark_unknown(ticket, now=now)
        return confirm_order(ticket, order, as_of=now, now=now, policies=policies)

    def work(uow: UnitOfWork) -> tuple[str, ...]:
        made = [(one, rule(one)) for one in uow.tickets.lock_many([t.id for t in tickets])]
        real = [(ticket, decision) for ticket, decision in made if decision.is_change]
        uow.record_many(real)
        return tuple(ticket.ticket_number for ticket, _ in real)

    changed = in_transaction(op.database, work, dry_run=op.dry_run)
    found = {one for one, answer in by_customer.items() if answer.order is not None}
    return SyncedOrder(
        order_id=order_id,
        valid=tuple(t.ticket_number for t in tickets if t.user_id in found),
        unknown=tuple(t.ticket_number for t in tickets if t.user_id not in found),
        changed=changed,
    )


def _require_answer(answer: OrderAnswer | UserAnswer, what: str) -> None:
    if answer.found is Found.UNANSWERED:
        raise Unavailable(
            f"no answer about {what}: {answer.why}", hint="Nothing was changed. Try again later."
        )
