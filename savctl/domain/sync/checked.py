"""What a new ticket knows of its order when it is created."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from savctl.domain.model.metadata import Metadata
from savctl.domain.sync.order_effects import OrderCheck, with_order
from savctl.domain.sync.orders import FAILED, OrderFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedOrder:
    """How the check of the order ended; `order` is what the orders service answered at `as_of`."""

    mark: OrderCheck
    as_of: datetime
    order: OrderFacts | None = None


def with_check(metadata: Metadata, checked: CheckedOrder) -> Metadata:
    """The metadata of a new ticket with what the check brought."""
    metadata = metadata.with_members(order_check=str(checked.mark))
    return (
        metadata if checked.order is None else with_order(metadata, checked.order, checked.as_of)
    )


def after_edit(metadata: Metadata, *, is_other_order: bool, checks: bool) -> Metadata:
    """The metadata of a ticket that somebody edits: an unknown order has been looked at.

    What was known of the order before is not known of another one, which `checks` has asked for.
    """
    is_looked_at = metadata.get("order_check") == str(OrderCheck.UNKNOWN)
    if is_other_order:
        if metadata.object_at("order").get("payment_status") == FAILED:
            metadata = metadata.without("payment_failed")
        metadata = metadata.without("order").without("order_check")
        return metadata.with_members(order_check=str(OrderCheck.PENDING)) if checks else metadata
    return metadata.without("order_check") if is_looked_at else metadata
