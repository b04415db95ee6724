"""Settings: priority rules and SLA targets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from savctl.config import values
from savctl.config.setting import setting
from savctl.domain.model.priority import Priority
from savctl.domain.sla.policy import TARGETS
from savctl.domain.sla.policy_text import percent


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class SlaSettings:
    """Priority rules and SLA targets."""

    order_value_over: Decimal = setting(
        Decimal(500), values.money, "EUR above which a new ticket is high"
    )
    repeats_over: int = setting(
        3,
        values.whole(0, 10**6),
        "earlier tickets of a user in a category above which a new one is high",
    )
    sla_low_response: timedelta = setting(
        TARGETS[Priority.LOW].response, values.span, "response target of low tickets"
    )
    sla_low_resolution: timedelta = setting(
        TARGETS[Priority.LOW].resolution, values.span, "resolution target of low tickets"
    )
    sla_medium_response: timedelta = setting(
        TARGETS[Priority.MEDIUM].response, values.span, "response target of medium tickets"
    )
    sla_medium_resolution: timedelta = setting(
        TARGETS[Priority.MEDIUM].resolution, values.span, "resolution target of medium tickets"
    )
    sla_high_response: timedelta = setting(
        TARGETS[Priority.HIGH].response, values.span, "response target of high tickets"
    )
    sla_high_resolution: timedelta = setting(
        TARGETS[Priority.HIGH].resolution, values.span, "resolution target of high tickets"
    )
    sla_urgent_response: timedelta = setting(
        TARGETS[Priority.URGENT].response, values.span, "response target of urgent tickets"
    )
    sla_urgent_resolution: timedelta = setting(
        TARGETS[Priority.URGENT].resolution, values.span, "resolution target of urgent tickets"
    )
    sla_warn_at: int | None = setting(
        None,
        percent,
        "share of a target after which a ticket counts as close to its breach; unset: none does",
    )
    sla_audit_brake: int = setting(
        1000,
        values.whole(1, 10**9),
        "missed breaches in one audit above which confirmation is required",
    )
