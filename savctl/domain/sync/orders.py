"""What is known of an order: what a ticket keeps of it, and its facts for the priority rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from savctl.domain.clock import instant, micro_text, second_text

FAILED = "failed"  # the payment status that is a payment failure (rules 14, settled 20)
_EUR = "EUR"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """An order as the orders service reports it.

    `total` is what the service wrote, a number or digits; `amount` its value, in `currency`.
    """

    order_id: int
    user_id: int
    status: str
    total: int | float | str
    amount: Decimal
    currency: str
    payment_status: str | None = None
    delivered_at: str | None = None

    @property
    def value_in_eur(self) -> Decimal | None:
        """What the priority rules compare; None in another currency."""
        return self.amount if self.currency.upper() == _EUR else None

    @property
    def is_payment_failed(self) -> bool:
        """Whether a payment failed."""
        return self.payment_status == FAILED

    def as_member(self, as_of: datetime) -> dict[str, object]:
        """The object that a ticket keeps as `metadata.order`: nothing else of the order."""
        return {
            "order_id": self.order_id,
            "status": self.status,
            "total": self.total,
            "currency": self.currency,
            "payment_status": self.payment_status,
            "delivered_at": self.delivered_at,
            "as_of": time_text(as_of),
        }


def time_text(moment: datetime) -> str:
    """An instant as metadata keeps it: to the second where it has no fraction."""
    return micro_text(moment) if moment.microsecond else second_text(moment)


def known_since(order: Mapping[str, object], order_id: int) -> datetime | None:
    """How new a `metadata.order` is; None where it is about another order or has no time."""
    return instant(order.get("as_of")) if order.get("order_id") == order_id else None
