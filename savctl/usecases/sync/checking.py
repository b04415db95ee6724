"""Before a ticket is created: is the order this customer's, and who is the customer? (rules 14.4)

No transaction is open while an answer is awaited, and no answer is as good as "not now".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from savctl.domain.sync.checked import CheckedOrder
from savctl.domain.sync.order_effects import OrderCheck
from savctl.domain.sync.questions import Found, OrderAnswer
from savctl.errors import Refused
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.usecases.operation import Operation
from savctl.usecases.sync.asking import Services
from savctl.usecases.sync.user_rows import store_answered
from savctl.usecases.tickets.creation import NewTicket, checked_ticket, is_repeated


class OrderUnknown(Refused):
    """The orders service does not know the order, or not as this customer's."""

    code = "order_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationCheck:
    """What is known of the order of a ticket to be created, and what deserves a warning."""

    order: CheckedOrder | None = None
    warnings: tuple[str, ...] = ()


def check_before_creation(
    op: Operation, services: Services, wanted: NewTicket, *, skips_order: bool = False
) -> CreationCheck:
    """Ask for the order and for a customer who is not in `users` yet, both at once.

    A repeated request asks nothing: it is answered with what was done.

    Raises:
        InvalidInput: the ticket could not be created anyway.
        OrderUnknown: the order is not this customer's.
    """
    wanted = checked_ticket(wanted)
    asks_order = wanted.order_id is not None and services.checks_orders
    with op.database.reading() as connection:
        uow = UnitOfWork(connection)
        if is_repeated(uow, op):
            return CreationCheck()
        asks_user = services.checks_users and bool(uow.users.unknown([wanted.user_id]))
    now = op.clock()
    orders = [(wanted.order_id or 0, wanted.user_id)] if asks_order and not skips_order else []
    users = [wanted.user_id] if asks_user else []
    if not (orders or users):
        return _skipped(now) if asks_order else CreationCheck()
    about_orders, about_users = services.ask(orders, users, at=now)
    checked = _judged(wanted, about_orders[0], now) if orders else None
    people = [answer.person for answer in about_users if answer.person is not None]
    if people:
        in_transaction(
            op.database,
            lambda uow: store_answered(uow, people, services.erasure, as_of=now, now=now),
            dry_run=op.dry_run,
        )
    if checked is not None:
        return checked
    return _skipped(now) if asks_order else CreationCheck()


def _judged(wanted: NewTicket, answer: OrderAnswer, now: datetime) -> CreationCheck:
    if answer.found is Found.NO:
        raise OrderUnknown(
            f"order {wanted.order_id} is not an order of customer {wanted.user_id}",
            hint="Check both numbers. --skip-order-check creates the ticket all the same.",
            order_id=wanted.order_id,
            user_id=wanted.user_id,
        )
    if answer.order is not None:
        order = CheckedOrder(mark=OrderCheck.VALID, as_of=now, order=answer.order)
        return CreationCheck(order=order)
    text = f"order {wanted.order_id} could not be checked ({answer.why}); its check is pending"
    return CreationCheck(order=CheckedOrder(mark=OrderCheck.PENDING, as_of=now), warnings=(text,))


def _skipped(now: datetime) -> CreationCheck:
    return CreationCheck(order=CheckedOrder(mark=OrderCheck.PENDING, as_of=now))
