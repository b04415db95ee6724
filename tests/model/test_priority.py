"""The first priority of a ticket, and its reasons (rules 4.1)."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import pytest

from savctl.domain.model.priority import (
    Priority,
    PriorityFacts,
    PriorityRules,
    first_priority,
    raised,
)

LOW, MEDIUM, HIGH, URGENT = Priority


@pytest.mark.parametrize(
    ("facts", "priority"),
    [
        (PriorityFacts(), MEDIUM),
        (PriorityFacts(order_value=Decimal("499.99")), MEDIUM),
        (PriorityFacts(order_value=Decimal("500.00")), MEDIUM),
        (PriorityFacts(order_value=Decimal("500.01")), HIGH),
        (PriorityFacts(is_payment_failed=True), URGENT),
        (PriorityFacts(earlier_same_category=3), MEDIUM),
        (PriorityFacts(earlier_same_category=4), HIGH),
        (PriorityFacts(is_vip=True), HIGH),
        (PriorityFacts(is_vip=True, order_value=Decimal(501)), URGENT),
        (PriorityFacts(is_vip=True, earlier_same_category=4), URGENT),
        (PriorityFacts(is_vip=True, is_payment_failed=True), URGENT),
        (PriorityFacts(order_value=Decimal(501), is_payment_failed=True), URGENT),
        (PriorityFacts(order_value=Decimal(501), earlier_same_category=9), HIGH),
    ],
)
def test_the_highest_rule_that_holds_and_one_more_for_a_vip(
    facts: PriorityFacts, priority: Priority
) -> None:
    assert first_priority(facts)[0] is priority


ALL_FACTS = [
    PriorityFacts(
        order_value=value, is_payment_failed=failed, is_vip=vip, earlier_same_category=earlier
    )
    for value, failed, vip, earlier in product(
        (None, Decimal(501)), (False, True), (False, True), (0, 4)
    )
]


@pytest.mark.parametrize("facts", ALL_FACTS)
@pytest.mark.parametrize("explicit", Priority)
def test_what_ops_say_overrides_every_rule(facts: PriorityFacts, explicit: Priority) -> None:
    assert first_priority(facts, explicit=explicit) == (explicit, ("set by hand",))


@pytest.mark.parametrize("facts", ALL_FACTS)
def test_there_is_a_reason_for_each_rule_that_held_and_for_no_other(facts: PriorityFacts) -> None:
    _, reasons = first_priority(facts)

    message = "; ".join(reasons)
    assert ("order value over 500 EUR" in message) == (facts.order_value is not None)
    assert ("payment failure" in message) == facts.is_payment_failed
    assert ("VIP" in message) == facts.is_vip
    assert ("more than 3 earlier tickets" in message) == (facts.earlier_same_category > 3)
    assert (reasons == ("default",)) == (facts == PriorityFacts())


def test_the_numbers_are_settings() -> None:
    rules = PriorityRules(order_value_over=Decimal(50), repeats_over=0)

    assert first_priority(PriorityFacts(order_value=Decimal(51)), rules=rules)[0] is HIGH
    assert first_priority(PriorityFacts(order_value=Decimal(50)), rules=rules)[0] is MEDIUM
    assert first_priority(PriorityFacts(earlier_same_category=1), rules=rules)[0] is HIGH


@pytest.mark.parametrize(
    ("before", "after"), [(LOW, MEDIUM), (MEDIUM, HIGH), (HIGH, URGENT), (URGENT, URGENT)]
)
def test_raising_goes_one_level_up_and_stops_at_urgent(before: Priority, after: Priority) -> None:
    assert raised(before) is after


def test_the_levels_are_in_the_order_of_the_column() -> None:
    assert list(map(str, Priority)) == ["low", "medium", "high", "urgent"]
