"""What is known of a ticket's order, in one line, and how old that is."""

from __future__ import annotations

from datetime import datetime

from savctl.cli.framework.page import when
from savctl.domain.clock import instant
from savctl.domain.model.ticket import Ticket

_CHECKS = {
    "valid": "checked",
    "pending": "not checked yet",
    "unknown": "unknown to the orders service, or another customer's",
}


def order_line(ticket: Ticket, now: datetime) -> str | None:
    """`789: shipped, 120.5 EUR, as of 2025-10-03T10:00:00Z (2 h ago); checked`."""
    if ticket.order_id is None:
        return None
    known = ticket.metadata.object_at("order")
    parts = [f"{known[name]}" for name in ("status",) if known.get(name)]
    if known.get("total") is not None:
        parts.append(f"{known['total']} {known.get('currency') or ''}".rstrip())
    if known.get("payment_status"):
        parts.append(f"payment {known['payment_status']}")
    if (delivered := instant(known.get("delivered_at"))) is not None:
        parts.append(f"delivered {when(delivered, now)}")
    if (as_of := instant(known.get("as_of"))) is not None:
        parts.append(f"as of {when(as_of, now)}")
    facts = ", ".join(parts)
    check = _CHECKS.get(str(ticket.metadata.get("order_check")))
    text = f"{ticket.order_id}: {facts}" if facts else f"{ticket.order_id}"
    return f"{text}; {check}" if check else text
