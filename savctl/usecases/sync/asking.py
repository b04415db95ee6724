"""Asking the auth service and the orders service, and what they answer (rules 14.4 to 14.6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from savctl.domain.sync.questions import (
    Found,
    OrderAnswer,
    UserAnswer,
    order_answer,
    order_question,
    user_answer,
    user_question,
)
from savctl.ports import Question, Questions, ServiceReply
from savctl.usecases.sync.erasure_hook import Erasure, NoErasure

ORDER_KEY, USER_KEY = "orders.query.get", "auth.query.get"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The other services as they can be asked.

    `questions` is called only when there is something to ask: it loads the broker's driver.
    """

    questions: Callable[[], Questions | None]
    timeout: timedelta
    auth_exchange: str
    orders_exchange: str
    checks_orders: bool = True
    checks_users: bool = True
    erasure: Erasure = field(default_factory=NoErasure)

    def ask(
        self,
        orders: Sequence[tuple[int, int]],
        users: Sequence[int],
        *,
        at: datetime,
    ) -> tuple[list[OrderAnswer], list[UserAnswer]]:
        """Ask for orders, each with its customer, and for users, all at once."""
        asked = [self._order(*one, at=at) for one in orders]
        asked += [self._user(one, at=at) for one in users]
        port = self.questions()
        replies = [ServiceReply(None, "no broker is configured")] * len(asked)
        if port is not None and asked:
            replies = port.ask(asked, timeout=self.timeout.total_seconds())
        about_orders = zip(orders, replies[: len(orders)], strict=True)
        about_users = zip(users, replies[len(orders) :], strict=True)
        return (
            [
                order_answer(r.body, r.why_none, order_id=order_id, user_id=user_id)
                for (order_id, user_id), r in about_orders
            ],
            [user_answer(r.body, r.why_none, user_id=one) for one, r in about_users],
        )

    def _order(self, order_id: int, user_id: int, *, at: datetime) -> Question:
        body = order_question(order_id, user_id, at=at)
        return Question(exchange=self.orders_exchange, routing_key=ORDER_KEY, body=body)

    def _user(self, user_id: int, *, at: datetime) -> Question:
        body = user_question(user_id, at=at)
        return Question(exchange=self.auth_exchange, routing_key=USER_KEY, body=body)


def is_answered(answer: OrderAnswer | UserAnswer) -> bool:
    """Whether a service answered, and something that fits."""
    return answer.found is not Found.UNANSWERED
