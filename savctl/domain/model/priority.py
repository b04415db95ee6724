"""Priorities, their order, and the first priority of a new ticket.

Spec: Priority System and SLA, Priority Assignment Logic; rules 4.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from savctl.domain.model.column_enum import ColumnEnum


class Priority(ColumnEnum):
    """The four levels, in the order of the column's ENUM: later is more urgent."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


BY_HAND = "set by hand"  # the reason of a priority that was given, which overrides the rules
LEVELS: tuple[Priority, ...] = tuple(Priority)
_NAMED: Mapping[object, Priority] = {str(level): level for level in LEVELS}


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityRules:
    """The numbers of the assignment logic; every one is a setting."""

    order_value_over: Decimal = Decimal(500)
    repeats_over: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityFacts:
    """What is known about a ticket when it is created.

    `order_value` is in EUR; `earlier_same_category` counts the earlier tickets of the same user
    in the same category.
    """

    order_value: Decimal | None = None
    is_payment_failed: bool = False
    is_vip: bool = False
    earlier_same_category: int = 0


def level_of(stored: object) -> Priority | None:
    """The level that a stored value names, None for a value that is none."""
    return _NAMED.get(stored) if isinstance(stored, str) else None


def raised(priority: Priority) -> Priority:
    """One level up, capped at urgent; a priority that the schema lacks stays as it is."""
    if not priority.is_known:
        return priority
    return LEVELS[min(LEVELS.index(priority) + 1, len(LEVELS) - 1)]


def first_priority(
    facts: PriorityFacts, *, explicit: Priority | None = None, rules: PriorityRules | None = None
) -> tuple[Priority, tuple[str, ...]]:
    """The priority of a new ticket and the reasons for it, in the words that are stored.

    An explicit priority overrides every rule. Otherwise the highest of 'medium' and the rules
    that hold, then one level more for a VIP.
    """
    if explicit is not None:
        return explicit, (BY_HAND,)
    rules = rules or PriorityRules()
    priority, reasons = Priority.MEDIUM, ["default"]
    for holds, level, reason in _rules_that_may_hold(facts, rules):
        if holds:
            priority = max(priority, level, key=LEVELS.index)
            reasons.append(reason)
    if facts.is_vip:
        priority = raised(priority)
        reasons.append("VIP customer: one level up")
    return priority, tuple(reasons[1:] or reasons)


def repeat_reason(rules: PriorityRules) -> str:
    """The reason of a repeated issue, as it is stored."""
    return f"more than {rules.repeats_over} earlier tickets in this category: high"


def _rules_that_may_hold(
    facts: PriorityFacts, rules: PriorityRules
) -> tuple[tuple[bool, Priority, str], ...]:
    return (
        (
            facts.order_value is not None and facts.order_value > rules.order_value_over,
            Priority.HIGH,
            f"order value over {rules.order_value_over} EUR: high",
        ),
        (facts.is_payment_failed, Priority.URGENT, "payment failure: urgent"),
        (
            facts.earlier_same_category > rules.repeats_over,
            Priority.HIGH,
            repeat_reason(rules),
        ),
    )
