"""Orders of the orders service: what the tickets of an order learn, and what raises them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from savctl.domain.model.priority import LEVELS, Priority
from savctl.domain.model.ticket import Ticket
from savctl.persistence.engine import Database
from savctl.persistence.tickets.tickets import Tickets
from savctl.ports import SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.creation import NewTicket, create_ticket
from savctl.usecases.tickets.transitions import close_ticket
from savctl.usecases.tickets.vips import mark_vip
from tests.given import rows, write
from tests.sync.conftest import TakeIn
from tests.sync.outside import came, order

T1, T2, T3 = (f"2025-10-03T10:00:0{n}Z" for n in (1, 2, 3))
Make = Callable[..., int]


@pytest.fixture
def make(database: Database, clock: SetClock) -> Make:
    """Create a ticket about order 789."""

    def go(**fields: Any) -> int:
        known = {"user_id": 456, "subject": "s", "description": "d", "order_id": 789}
        wanted = NewTicket(**(known | fields))  # type: ignore[arg-type]
        return create_ticket(Operation(database, clock, actor=5), wanted)[0].ticket.id

    return go


def ticket_of(database: Database, number: int) -> Ticket:
    with database.reading() as connection:
        return Tickets(connection).get(number)


def known_order(database: Database, number: int) -> object:
    return ticket_of(database, number).metadata.get("order")


def test_every_ticket_of_the_order_that_is_not_closed_knows_the_newest_state(
    database: Database, clock: SetClock, take: TakeIn, make: Make
) -> None:
    first, second, other, closed = make(), make(), make(order_id=7), make()
    close_ticket(Operation(database, clock, actor=5), closed, reason="invalid")
    before = ticket_of(database, closed)

    take(order(at=T2, event="OrderDelivered", status="delivered", delivered_at=T1))
    counts = take(order(at=T1, status="paid"), order(at=T2, status="lost"))

    assert (counts.applied, counts.outdated, counts.tickets) == (0, 2, 0)
    for number in (first, second):
        assert known_order(database, number) == {
            "order_id": 789,
            "status": "delivered",
            "total": 120.5,
            "currency": "EUR",
            "payment_status": None,
            "delivered_at": T1,
            "as_of": T2,
        }
    assert known_order(database, other) is None
    assert ticket_of(database, closed) == before


def test_news_of_an_order_leaves_no_history_no_event_and_the_time_of_change_alone(
    database: Database, clock: SetClock, take: TakeIn, make: Make
) -> None:
    number = make()
    before = ticket_of(database, number)
    events = rows(database, "SELECT id FROM savctl_outbox")
    clock.advance(timedelta(hours=1))

    take(order(at=T1))

    after = ticket_of(database, number)
    assert after.metadata.history == before.metadata.history
    assert (after.updated_at, after.priority) == (before.updated_at, Priority.MEDIUM)
    assert rows(database, "SELECT id FROM savctl_outbox") == events


@pytest.mark.parametrize(
    ("message", "to", "why"),
    [
        (order(total=500.01), Priority.HIGH, "order value over 500 EUR: high"),
        (order(total="999.00"), Priority.HIGH, "order value over 500 EUR: high"),
        (order(total=500), Priority.MEDIUM, None),
        (order(total=5_000, currency="USD"), Priority.MEDIUM, None),
        (order(event="OrderPaymentFailed"), Priority.URGENT, "payment failure: urgent"),
        (order(payment_status="failed"), Priority.URGENT, "payment failure: urgent"),
    ],
)
def test_a_rule_about_orders_raises_the_priority_with_its_reason_and_not_the_promise(
    database: Database, take: TakeIn, make: Make, message: bytes, to: Priority, why: str | None
) -> None:
    number = make()
    promised = ticket_of(database, number).metadata["sla"]

    take(message)

    after = ticket_of(database, number)
    assert after.priority is to
    assert after.metadata["sla"] == promised
    raises = [entry for entry in after.metadata.history if entry.action == "priority"]
    if why is None:
        assert raises == []
        return
    (entry,) = raises
    assert (entry.actor, entry.before, entry.after) == (None, "medium", str(to))
    assert entry.reason == f"order facts: {why}"
    assert after.metadata["priority_reasons"] == [why]
    audited = rows(database, "SELECT action FROM savctl_audit WHERE action = 'priority'")
    assert len(audited) == 1


def test_a_vip_gets_one_level_more_and_nobody_is_lowered(
    database: Database, clock: SetClock, take: TakeIn, make: Make
) -> None:
    mark_vip(Operation(database, clock, actor=5), 456, is_vip=True)
    vip, urgent = make(), make(priority=Priority.URGENT)

    take(order(total=600))

    assert ticket_of(database, vip).priority is Priority.URGENT
    assert ticket_of(database, urgent).priority is Priority.URGENT
    history = ticket_of(database, urgent).metadata.history
    assert [entry.action for entry in history] == ["created"]


def test_a_payment_failure_is_taken_back_by_a_newer_message_and_one_given_by_hand_stays(
    database: Database, take: TakeIn, make: Make
) -> None:
    number, by_hand = make(), make(order_id=7, is_payment_failed=True)

    take(order(at=T1, event="OrderPaymentFailed"), order(7, at=T1))
    assert ticket_of(database, number).metadata["payment_failed"] is True
    take(order(at=T2, payment_status="paid"))

    after = ticket_of(database, number)
    assert "payment_failed" not in after.metadata
    assert after.priority is Priority.URGENT
    assert ticket_of(database, by_hand).metadata["payment_failed"] is True


def test_news_of_a_ticket_of_another_program_keeps_its_promise_and_its_own_keys(
    database: Database, take: TakeIn, make: Make
) -> None:
    number = make()
    write(database, "UPDATE support_tickets SET metadata = '{\"theirs\": [1, 2]}'")

    take(order(event="OrderPaymentFailed"))

    after = ticket_of(database, number)
    assert after.metadata["theirs"] == [1, 2]
    promise = after.metadata.object_at("sla")["promise"]
    assert isinstance(promise, dict)
    assert (after.priority, promise["priority"]) == (Priority.URGENT, "medium")


def test_messages_of_one_batch_act_as_they_would_one_by_one(
    database: Database, take: TakeIn, make: Make
) -> None:
    number = make()

    counts = take(
        order(at=T1, total=600),
        order(at=T2, event="OrderPaymentFailed"),
        order(at=T3, payment_status="paid"),
    )

    assert (counts.applied, counts.tickets) == (3, 1)
    after = ticket_of(database, number)
    steps = [(e.before, e.after) for e in after.metadata.history if e.action == "priority"]
    assert steps == [("medium", "high"), ("high", "urgent")]
    assert "payment_failed" not in after.metadata


MESSAGES = st.lists(
    st.tuples(
        st.integers(0, 59),
        st.sampled_from(["OrderCreated", "OrderUpdated", "OrderPaymentFailed", "OrderCancelled"]),
        st.sampled_from([10, 600, "700.00"]),
        st.sampled_from(["EUR", "USD"]),
        st.sampled_from([None, "paid", "failed"]),
    ),
    unique_by=lambda one: one[0],
    min_size=1,
    max_size=8,
)


@pytest.mark.only_on("sqlite")
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=MESSAGES, data=st.data())
def test_in_any_order_a_priority_never_falls_and_the_newest_message_is_what_is_known(
    database: Database,
    take: TakeIn,
    make: Make,
    messages: list[tuple[int, str, Any, str, Any]],
    data: st.DataObject,
) -> None:
    for table in ("savctl_inbox", "savctl_sync_state", "support_tickets"):
        write(database, f"DELETE FROM {table}")
    number = make(priority=data.draw(st.sampled_from([None, *LEVELS])))
    first = ticket_of(database, number)
    level = LEVELS.index(first.priority)

    for at, event, total, currency, status in data.draw(st.permutations(messages)):
        time = f"2025-10-03T10:00:{at:02d}Z"
        fields = {"total": total, "currency": currency, "payment_status": status}
        body = came(order(at=time, event=event, **fields))
        take(body, body)
        now = ticket_of(database, number)
        assert LEVELS.index(now.priority) >= level
        level = LEVELS.index(now.priority)

    after = ticket_of(database, number)
    at, event, total, currency, status = max(messages)
    known = after.metadata.object_at("order")
    assert known["as_of"] == f"2025-10-03T10:00:{at:02d}Z"
    assert (known["total"], known["currency"]) == (total, currency)
    is_failed = event == "OrderPaymentFailed" or status == "failed"
    assert after.metadata.get("payment_failed", False) is is_failed
    assert after.metadata["sla"] == first.metadata["sla"]
