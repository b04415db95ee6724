"""`sync reconcile, user, order`: what other services say now is brought in line, or reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from savctl.bootstrap import App
from savctl.config import load
from savctl.domain.model.priority import Priority
from savctl.domain.model.ticket import Ticket
from savctl.domain.sync.checked import CheckedOrder
from savctl.domain.sync.order_effects import OrderCheck
from savctl.errors import NeedsConfirmation, Unavailable
from savctl.persistence.engine import Database
from savctl.persistence.tickets.tickets import Tickets
from savctl.ports import SetClock
from savctl.scheduling.job import find_job
from savctl.scheduling.runner import JobReport, Start, run_job
from savctl.usecases.operation import Operation
from savctl.usecases.sync.asking import Services
from savctl.usecases.tickets.changes import Change
from savctl.usecases.tickets.creation import NewTicket, create_ticket, edit_ticket
from savctl.usecases.tickets.transitions import close_ticket
from savctl.usecases.tickets.vips import mark_vip
from tests.given import NOW, rows, write
from tests.sync.conftest import TakeIn
from tests.sync.fake_queues import FakeQueues
from tests.sync.outside import order as order_message
from tests.sync.questions.fake_questions import FakeQuestions

Make = Callable[..., int]
Run = Callable[..., JobReport]
ORDER = {"status": "paid", "total": 120, "currency": "EUR"}


def known_order(data: dict[str, Any]) -> dict[str, Any]:
    return {"found": True, "order": {**ORDER, **data}}


def known_user(data: dict[str, Any]) -> dict[str, Any]:
    person = {"email": "a@b.c", "firstname": "Ada", "lastname": "Byron"}
    return {"found": True, "user": {**person, **data}}


def unknown(_: dict[str, Any]) -> dict[str, Any]:
    return {"found": False}


@pytest.fixture
def outside() -> FakeQuestions:
    return FakeQuestions(orders=known_order, auth=known_user)


@pytest.fixture
def run(database: Database, database_url: str, clock: SetClock, outside: FakeQuestions) -> Run:
    """Run the job with services in memory."""

    def go(*, fix: bool = False, most: int | None = None, **start: Any) -> JobReport:
        settings = load(
            {
                "SAVCTL_DATABASE_URL": database_url,
                "HOME": ".",
                "SAVCTL_RECONCILE_RATE": "10000",
            }
        )
        app = App(settings, clock)
        app.__dict__.update(
            raw_database=database, database=database, queues=FakeQueues(), questions=outside
        )
        app.__dict__["services"] = Services(
            questions=lambda: outside,
            timeout=settings.order_check_timeout,
            auth_exchange="auth_exchange",
            orders_exchange="orders_exchange",
        )
        job = find_job("reconcile")
        options = job.options(fix=fix, max=most)  # type: ignore[call-arg]
        return run_job(job, app, Start(options=options, **start))

    return go


@pytest.fixture
def make(database: Database, clock: SetClock) -> Make:
    """Create a ticket whose order could not be checked."""

    def go(**fields: Any) -> int:
        known = {"user_id": 456, "subject": "s", "description": "d", "order_id": 789}
        wanted = NewTicket(**(known | fields))  # type: ignore[arg-type]
        waits = CheckedOrder(mark=OrderCheck.PENDING, as_of=NOW)
        op = Operation(database, clock, actor=5)
        return create_ticket(op, wanted, order=waits)[0].ticket.id

    return go


@pytest.fixture(autouse=True)
def _known(database: Database) -> None:
    write(database, "INSERT INTO users VALUES (456, 'a@b.c', 'Ada', 'Byron')")


def ticket_of(database: Database, number: int) -> Ticket:
    with database.reading() as connection:
        return Tickets(connection).get(number)


def test_after_an_outage_every_ticket_is_as_if_the_service_had_been_there(
    database: Database, clock: SetClock, run: Run, make: Make, outside: FakeQuestions
) -> None:
    totals = {number: 100 * number for number in range(1, 11)}

    def orders(data: dict[str, Any]) -> dict[str, Any]:
        return known_order({**data, "total": totals[data["order_id"]]})

    mark_vip(Operation(database, clock, actor=5), 457, is_vip=True)
    waited = {(user, n): make(user_id=user, order_id=n) for user in (456, 457) for n in totals}
    outside.services.clear()
    with pytest.raises(Unavailable, match="nobody answers"):
        run()
    assert {ticket_of(database, one).metadata["order_check"] for one in waited.values()} == {
        "pending"
    }

    outside.services.update(orders=orders, auth=known_user)
    report = run()

    assert report.done.details["orders_valid"] == 20
    for (user, number), ticket_id in waited.items():
        after = ticket_of(database, ticket_id)
        is_large = totals[number] > 500
        level = {456: (Priority.MEDIUM, Priority.HIGH), 457: (Priority.HIGH, Priority.URGENT)}
        assert after.priority is level[user][is_large]
        assert after.metadata["order_check"] == "valid"
        assert after.metadata.object_at("order")["total"] == totals[number]
        assert after.metadata.object_at("sla")["promise"]["priority"] == str(level[user][0])  # type: ignore[index]
        reasons = [e.reason for e in after.metadata.history if e.action == "priority"]
        assert [str(reason)[:11] for reason in reasons] == ["order facts"] * is_large
    again = run()
    assert (again.done.details["orders_valid"], again.done.findings) == (0, 1)  # user 457 is new


def test_a_priority_that_was_set_by_hand_stays_as_it_would_have_at_the_creation(
    database: Database, run: Run, make: Make, outside: FakeQuestions
) -> None:
    number = make(priority=Priority.LOW)
    outside.services["orders"] = lambda data: known_order({**data, "total": 900})

    run()

    after = ticket_of(database, number)
    assert (after.priority, after.metadata["order_check"]) == (Priority.LOW, "valid")


def test_an_unknown_order_is_a_finding_until_somebody_edits_or_closes_the_ticket(
    database: Database, clock: SetClock, run: Run, make: Make, outside: FakeQuestions
) -> None:
    first, second, third = make(), make(order_id=7), make(order_id=8)
    outside.services["orders"] = unknown

    report = run()
    assert (report.done.findings, report.done.details["orders_unknown"]) == (3, 3)
    assert [item.reason for item in report.done.items] == [
        f"order {n} is unknown" for n in (789, 7, 8)
    ]
    assert ticket_of(database, first).metadata["order_check"] == "unknown"
    op = Operation(database, clock, actor=5)
    close_ticket(op, first, reason="invalid")
    edit_ticket(op, second, {"category": "billing"})
    assert run().done.findings == 1

    edited: Change = edit_ticket(op, third, {"order_id": 9}, checks_orders=True)
    assert edited.ticket.metadata["order_check"] == "pending"
    outside.services["orders"] = known_order
    assert run().done.findings == 0


def test_users_who_changed_are_reported_and_written_with_fix(
    database: Database, run: Run, make: Make, outside: FakeQuestions
) -> None:
    make()
    make(user_id=7)
    outside.services["auth"] = lambda data: known_user({**data, "email": "new@b.c"})

    report = run()
    assert (report.done.findings, report.done.details["users_changed"]) == (2, 2)
    found = rows(database, "SELECT email FROM users ORDER BY id")
    assert [row["email"] for row in found] == ["a@b.c"]
    assert "new@" not in str([item.reason for item in report.done.items])

    fixed = run(fix=True)
    assert (fixed.done.findings, fixed.done.details["users_fixed"]) == (0, 2)
    found = rows(database, "SELECT id, email FROM users ORDER BY id")
    assert [tuple(row.values()) for row in found] == [(7, "new@b.c"), (456, "new@b.c")]


def test_many_users_gone_stop_the_run_before_anything_is_written(
    database: Database, run: Run, make: Make, outside: FakeQuestions
) -> None:
    tickets = [make(user_id=number) for number in range(1, 31)]
    outside.services["auth"] = lambda data: (
        unknown(data) if data["user_id"] <= 21 else known_user(data)
    )

    with pytest.raises(NeedsConfirmation, match="21 of 30 users are gone"):
        run(fix=True)

    assert ticket_of(database, tickets[0]).metadata["order_check"] == "pending"
    assert len(rows(database, "SELECT id FROM users")) == 1
    dry = run(fix=True, dry_run=True)
    assert dry.done.would_stop is not None
    confirmed = run(is_confirmed=True)
    assert confirmed.done.details["users_gone"] == 21


def test_a_dry_run_asks_and_changes_nothing_and_max_ends_the_asking(
    database: Database, run: Run, make: Make, outside: FakeQuestions
) -> None:
    tickets = [make(order_id=number) for number in range(1, 6)]

    dry = run(dry_run=True)
    assert dry.done.details["orders_valid"] == 5
    assert ticket_of(database, tickets[0]).metadata["order_check"] == "pending"

    outside.asked.clear()
    limited = run(most=2)
    assert len(outside.asked) == 2
    assert limited.done.details["orders_valid"] == 2


def test_newer_news_are_not_overwritten_by_an_answer(
    database: Database, run: Run, make: Make, take: TakeIn
) -> None:
    number = make()
    take(order_message(at="2025-10-03T23:00:00Z", status="cancelled"))

    run()

    known = ticket_of(database, number).metadata
    assert known["order_check"] == "valid"
    assert known.object_at("order")["status"] == "cancelled"


def test_tickets_of_another_customer_do_not_learn_of_the_order(
    database: Database, run: Run, make: Make, outside: FakeQuestions
) -> None:
    own, others = make(), make(user_id=457)
    outside.services["orders"] = lambda data: known_order({**data, "user_id": 456})

    run()

    assert ticket_of(database, own).metadata["order_check"] == "valid"
    after = ticket_of(database, others).metadata
    assert (after["order_check"], "order" in after) == ("unknown", False)
