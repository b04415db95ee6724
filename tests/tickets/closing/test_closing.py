"""The two closing jobs at work, on every database (rules 3, 10, 11.3 to 11.5)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.closing import ClosingLimits
from savctl.errors import NeedsConfirmation
from savctl.persistence.engine import Database
from savctl.persistence.jobs.lease import LeaseLost
from savctl.persistence.tickets.candidates import Candidates
from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext, never_stop
from savctl.usecases.batch.report import BatchReport, Item, ItemOutcome
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.assignment import assign_ticket
from savctl.usecases.tickets.closing import close_resolved, close_silent
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.transitions import move_ticket, set_priority
from tests.given import (
    AGENT,
    BOSS,
    CUSTOMER,
    DAY,
    MICROSECOND,
    OTHER_AGENT,
    SECOND,
    brought_to,
    rows,
    snapshot,
    write,
)

WEEK = 7 * DAY
WAITING, RESOLVED = Status.WAITING_CUSTOMER, Status.RESOLVED
Job = Callable[..., None]
BOTH = pytest.mark.parametrize(
    ("job", "status", "limit"), [(close_silent, WAITING, WEEK), (close_resolved, RESOLVED, DAY)]
)


def ran(
    job: Job,
    database: Database,
    clock: SetClock,
    *,
    size: int = 1000,
    dry_run: bool = False,
    should_stop: Callable[[], bool] = never_stop,
    fence: Any = None,
    **more: Any,
) -> BatchReport:
    report = BatchReport(lists_changes=dry_run)
    terms = BatchContext(
        report=report, size=size, dry_run=dry_run, should_stop=should_stop, fence=fence
    )
    job(database, clock, limits=ClosingLimits(), terms=terms, **more)
    return report


def says(
    database: Database, clock: SetClock, ticket: Ticket, sender: str, *, internal: bool = False
) -> None:
    who = CUSTOMER if sender == "customer" else AGENT
    add_message(
        Operation(database, clock),
        ticket.id,
        sender=(sender, who),
        body="Hello",
        internal=internal,
    )


def slips_in(database: Database, ticket: Ticket, at: datetime) -> None:
    """What another program does that misses the transition: only the message is stored."""
    stamp = f"{at:%Y-%m-%d %H:%M:%S}"
    write(
        database,
        "INSERT INTO ticket_messages (ticket_id, sender_id, sender_type, message, is_internal,"
        f" created_at, updated_at) VALUES ({ticket.id}, {CUSTOMER}, 'customer', 'I did!', 0,"
        f" '{stamp}', '{stamp}')",
    )


def statuses(database: Database) -> list[str]:
    return [
        row["status"] for row in rows(database, "SELECT status FROM support_tickets ORDER BY id")
    ]


def traces(database: Database, ticket: Ticket) -> tuple[int, int, int]:
    """Closing entries in the history, in the audit, and events about it: each is to be one."""
    stored = rows(database, f"SELECT metadata FROM support_tickets WHERE id = {ticket.id}")
    history = json.loads(stored[0]["metadata"])["history"]
    audit = rows(database, f"SELECT entry FROM savctl_audit WHERE ticket_id = {ticket.id}")
    events = rows(database, f"SELECT envelope FROM savctl_outbox WHERE ticket_id = {ticket.id}")
    return (
        sum(entry["to"] == "closed" for entry in history),
        sum(json.loads(row["entry"])["to"] == "closed" for row in audit),
        sum(json.loads(row["envelope"])["data"].get("new_status") == "closed" for row in events),
    )


@BOTH
def test_a_due_ticket_is_closed_with_history_audit_and_event(
    database: Database, clock: SetClock, job: Job, status: Status, limit: timedelta
) -> None:
    ticket = brought_to(database, clock, status)
    clock.advance(limit)

    report = ran(job, database, clock)

    assert (report.seen, report.changed, report.items) == (1, 1, [])
    stored = rows(database, "SELECT status, closed_at, updated_at FROM support_tickets")[0]
    assert stored["status"] == "closed"
    assert str(stored["closed_at"])[:19] == f"{clock():%Y-%m-%d %H:%M:%S}"
    assert stored["updated_at"] == stored["closed_at"]
    assert traces(database, ticket) == (1, 1, 1)


@BOTH
def test_a_ticket_is_left_alone_until_the_last_moment(
    database: Database, clock: SetClock, job: Job, status: Status, limit: timedelta
) -> None:
    brought_to(database, clock, status)
    clock.advance(limit - MICROSECOND)
    before = snapshot(database)

    report = ran(job, database, clock)

    assert (report.changed, report.skipped) == (0, 0)
    assert snapshot(database) == before


def test_the_reason_of_a_silent_closing_reaches_history_and_event(
    database: Database, clock: SetClock
) -> None:
    brought_to(database, clock, WAITING)
    clock.advance(WEEK)

    ran(close_silent, database, clock)

    entry = json.loads(rows(database, "SELECT metadata FROM support_tickets")[0]["metadata"])
    closing = entry["history"][-1]
    assert (closing["actor"], closing["reason"]) == (None, "no response for 7 days")
    event = rows(database, "SELECT envelope FROM savctl_outbox ORDER BY id DESC LIMIT 1")[0]
    answer = json.loads(event["envelope"])
    assert answer["event"] == "TicketStatusChanged"
    assert answer["data"]["changed_by"] is None
    assert answer["data"]["reason"] == "no response for 7 days"


def test_what_the_customer_does_not_see_does_not_move_the_silence(
    database: Database, clock: SetClock
) -> None:
    ticket = brought_to(database, clock, WAITING)
    clock.advance(6 * DAY)
    says(database, clock, ticket, "agent", internal=True)
    assign_ticket(Operation(database, clock, actor=BOSS), ticket.id, to=OTHER_AGENT)
    set_priority(
        Operation(database, clock, actor=BOSS), ticket.id, Priority.LOW, reason="calmed down"
    )
    clock.advance(DAY)

    assert ran(close_silent, database, clock).changed == 1


def test_an_agents_public_message_starts_the_silence_again(
    database: Database, clock: SetClock
) -> None:
    ticket = brought_to(database, clock, WAITING)
    clock.advance(6 * DAY)
    says(database, clock, ticket, "agent")
    clock.advance(WEEK - SECOND)

    assert ran(close_silent, database, clock).changed == 0
    clock.advance(SECOND)
    assert ran(close_silent, database, clock).changed == 1


@pytest.mark.parametrize("after", [timedelta(), 3 * DAY])
def test_a_missed_answer_is_reported_and_not_closed(
    database: Database, clock: SetClock, after: timedelta
) -> None:
    ticket = brought_to(database, clock, WAITING)
    slips_in(database, ticket, clock() + after)
    clock.advance(WEEK + after)

    report = ran(close_silent, database, clock)

    assert statuses(database) == ["waiting_customer"]
    assert (report.changed, report.skipped) == (0, 1)
    assert report.items[0].ticket_number == ticket.ticket_number
    assert "the customer answered" in str(report.items[0].reason)


def test_heal_gives_a_missed_answer_back_to_its_agent(database: Database, clock: SetClock) -> None:
    ticket = brought_to(database, clock, WAITING)
    slips_in(database, ticket, clock() + DAY)
    clock.advance(2 * DAY)

    report = ran(close_silent, database, clock, heal=True)

    assert (report.changed, statuses(database)) == (1, ["in_progress"])
    event = rows(database, "SELECT envelope FROM savctl_outbox ORDER BY id DESC LIMIT 1")[0]
    assert json.loads(event["envelope"])["data"]["new_status"] == "in_progress"


def test_heal_does_not_put_work_on_nobody(database: Database, clock: SetClock) -> None:
    ticket = brought_to(database, clock, WAITING)
    write(database, "UPDATE support_tickets SET assigned_to = NULL")
    slips_in(database, ticket, clock() + DAY)
    clock.advance(2 * DAY)

    report = ran(close_silent, database, clock, heal=True)

    assert (report.changed, report.skipped, statuses(database)) == (0, 1, ["waiting_customer"])
    assert "assign it" in str(report.items[0].reason)


@pytest.mark.parametrize("after", [timedelta(), timedelta(hours=30)])
def test_a_customers_message_holds_the_closing_of_a_resolved_ticket(
    database: Database, clock: SetClock, after: timedelta
) -> None:
    ticket = brought_to(database, clock, RESOLVED)
    clock.advance(after)
    says(database, clock, ticket, "customer")
    clock.advance(2 * DAY)

    report = ran(close_resolved, database, clock)

    assert (report.changed, report.skipped, report.failed) == (0, 1, 0)
    assert report.items == [
        Item(ticket.id, ticket.ticket_number, ItemOutcome.SKIPPED, "held: customer replied")
    ]
    assert statuses(database) == ["resolved"]


def test_the_window_starts_again_with_the_last_solution(
    database: Database, clock: SetClock
) -> None:
    ticket = brought_to(database, clock, RESOLVED)
    clock.advance(timedelta(hours=20))
    move_ticket(Operation(database, clock, actor=CUSTOMER), ticket.id, Status.IN_PROGRESS)
    move_ticket(Operation(database, clock, actor=AGENT), ticket.id, RESOLVED)
    clock.advance(timedelta(hours=20))

    assert ran(close_resolved, database, clock).changed == 0
    clock.advance(timedelta(hours=4))
    assert ran(close_resolved, database, clock).changed == 1


def test_a_resolved_ticket_without_its_stamp_is_closed_by_updated_at_and_reported(
    database: Database, clock: SetClock
) -> None:
    brought_to(database, clock, RESOLVED)
    write(database, "UPDATE support_tickets SET resolved_at = NULL")
    clock.advance(DAY - SECOND)
    assert ran(close_resolved, database, clock).changed == 0
    clock.advance(SECOND)

    report = ran(close_resolved, database, clock)

    assert report.changed == 1
    assert "resolved_at was missing" in str(report.items[0].reason)


def test_a_ticket_of_another_program_is_measured_by_its_columns(
    database: Database, clock: SetClock
) -> None:
    brought_to(database, clock, WAITING)
    write(database, "UPDATE support_tickets SET metadata = NULL")
    clock.advance(WEEK)

    assert ran(close_silent, database, clock).changed == 1


def test_what_others_keep_in_metadata_survives_a_closing(
    database: Database, clock: SetClock
) -> None:
    brought_to(database, clock, RESOLVED)
    brought_to(database, clock, RESOLVED)
    theirs = '{"crm": {"score": 1.50, "tags": ["é", null]}, "history": "broken"}'
    write(database, f"UPDATE support_tickets SET metadata = '{theirs}' WHERE id = 1")
    clock.advance(DAY)

    ran(close_resolved, database, clock)

    kept = json.loads(rows(database, "SELECT metadata FROM support_tickets")[0]["metadata"])
    assert kept["crm"] == {"score": 1.5, "tags": ["é", None]}
    assert kept["unreadable_history"] == "broken"
    assert kept["history"][0]["to"] == "closed"


def test_a_reply_that_lands_in_between_wins(
    database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = brought_to(database, clock, WAITING)
    clock.advance(WEEK)
    look = Candidates.page

    def look_then_reply(*given: Any, **named: Any) -> list[int]:
        ids = look(*given, **named)
        given[1].rollback()
        if ids:
            says(database, clock, ticket, "customer")
        return ids

    monkeypatch.setattr(Candidates, "page", look_then_reply)
    report = ran(close_silent, database, clock)

    assert (report.seen, report.changed, statuses(database)) == (1, 0, ["in_progress"])


@BOTH
def test_running_again_changes_nothing_more(
    database: Database, clock: SetClock, job: Job, status: Status, limit: timedelta
) -> None:
    for _ in range(3):
        brought_to(database, clock, status)
    clock.advance(limit)
    ran(job, database, clock)
    after = snapshot(database)

    again = ran(job, database, clock)

    assert (again.seen, snapshot(database)) == (0, after)


@BOTH
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_any_batch_size_closes_all(
    database: Database, clock: SetClock, job: Job, status: Status, limit: timedelta, size: int
) -> None:
    for _ in range(5):
        brought_to(database, clock, status)
    clock.advance(limit)

    report = ran(job, database, clock, size=size)

    assert (report.seen, report.changed) == (5, 5)
    assert statuses(database) == ["closed"] * 5


@BOTH
def test_more_than_the_brake_allows_is_not_begun(
    database: Database, clock: SetClock, job: Job, status: Status, limit: timedelta
) -> None:
    for _ in range(4):
        brought_to(database, clock, status)
    clock.advance(limit)
    before = snapshot(database)

    with pytest.raises(NeedsConfirmation) as braked:
        ran(job, database, clock, brake=3, size=2)

    assert snapshot(database) == before
    assert "savctl job run" in str(braked.value.hint)
    assert "--yes" in str(braked.value.hint)


@BOTH
def test_as_many_as_the_brake_allows_are_closed(
    database: Database, clock: SetClock, job: Job, status: Status, limit: timedelta
) -> None:
    for _ in range(4):
        brought_to(database, clock, status)
    clock.advance(limit)

    assert ran(job, database, clock, brake=4).changed == 4


def test_the_brake_counts_what_would_be_closed_and_nothing_else(
    database: Database, clock: SetClock
) -> None:
    held = [brought_to(database, clock, RESOLVED) for _ in range(3)]
    for ticket in held:
        says(database, clock, ticket, "customer")
    brought_to(database, clock, RESOLVED)
    clock.advance(DAY)

    assert ran(close_resolved, database, clock, brake=1).changed == 1


@BOTH
def test_a_dry_run_tells_what_the_real_run_does_and_changes_nothing(
    database: Database, clock: SetClock, job: Job, status: Status, limit: timedelta
) -> None:
    tickets = [brought_to(database, clock, status) for _ in range(3)]
    slips_in(database, tickets[1], clock() + SECOND)
    clock.advance(limit)
    before = snapshot(database)

    answer = ran(job, database, clock, dry_run=True, size=2)

    assert snapshot(database) == before
    done = ran(job, database, clock, size=2)
    assert answer.counts() == done.counts()
    assert [item.outcome for item in answer.items] == ["changed", "skipped", "changed"]
    assert statuses(database) == ["closed", str(status), "closed"]


@contextmanager
def spoilt(database: Database, kind: str, ticket_id: int) -> Iterator[None]:
    """The database refuses every change of one ticket."""
    refuse = (
        f"WHEN NEW.id = {ticket_id} BEGIN SELECT RAISE(ABORT, 'spoilt'); END"
        if kind == "sqlite"
        else f"FOR EACH ROW BEGIN IF NEW.id = {ticket_id} THEN SIGNAL SQLSTATE '45000' "
        "SET MESSAGE_TEXT = 'spoilt'; END IF; END"
    )
    write(database, f"CREATE TRIGGER spoilt BEFORE UPDATE ON support_tickets {refuse}")
    try:
        yield
    finally:
        write(database, "DROP TRIGGER spoilt")


@BOTH
@pytest.mark.parametrize("size", [1, 2, 100])
def test_one_bad_ticket_costs_only_itself(
    database: Database,
    clock: SetClock,
    kind: str,
    job: Job,
    status: Status,
    limit: timedelta,
    size: int,
) -> None:
    good, bad, last = (brought_to(database, clock, status) for _ in range(3))
    clock.advance(limit)

    with spoilt(database, kind, bad.id):
        report = ran(job, database, clock, size=size)

    assert report.counts() == {"seen": 3, "changed": 2, "skipped": 0, "failed": 1, "left": 0}
    assert statuses(database) == ["closed", str(status), "closed"]
    assert report.items[0].ticket_number == bad.ticket_number
    assert "spoilt" in str(report.items[0].reason)
    assert [traces(database, ticket) for ticket in (good, bad, last)] == [
        (1, 1, 1),
        (0, 0, 0),
        (1, 1, 1),
    ]
    assert ran(job, database, clock).changed == 1


def test_a_row_that_is_no_ticket_is_named_by_its_number(
    database: Database, clock: SetClock, kind: str
) -> None:
    if kind == "sqlite":
        pytest.skip("SQLite's CHECK lets no such row in")
    bad = brought_to(database, clock, RESOLVED)
    brought_to(database, clock, RESOLVED)

    def spoil(connection: Any) -> None:
        connection.exec_driver_sql("SET SESSION sql_mode = ''")
        connection.exec_driver_sql(
            f"UPDATE support_tickets SET priority = 'x' WHERE id = {bad.id}"
        )
        connection.exec_driver_sql("SET SESSION sql_mode = DEFAULT")

    database.transaction(spoil)
    clock.advance(DAY)

    report = ran(close_resolved, database, clock, brake=1)

    assert (report.changed, report.failed) == (1, 1)
    assert report.items[0].ticket_number == bad.ticket_number


def test_a_ticket_that_somebody_holds_locked_is_skipped_and_named(
    database: Database, clock: SetClock, kind: str
) -> None:
    if kind == "sqlite":
        pytest.skip("SQLite has no row locks: writers queue")
    busy, free = brought_to(database, clock, RESOLVED), brought_to(database, clock, RESOLVED)
    clock.advance(DAY)

    with database.engine.connect() as other:
        other.exec_driver_sql(f"SELECT id FROM support_tickets WHERE id = {busy.id} FOR UPDATE")
        report = ran(close_resolved, database, clock)

    assert statuses(database) == ["resolved", "closed"]
    assert (report.changed, report.skipped) == (1, 1)
    assert report.items[0].ticket_number == busy.ticket_number
    assert "in use" in str(report.items[0].reason)
    assert traces(database, free) == (1, 1, 1)
    assert ran(close_resolved, database, clock).changed == 1


def test_a_stop_ends_the_run_after_the_batch_and_a_rerun_does_the_rest(
    database: Database, clock: SetClock
) -> None:
    for _ in range(5):
        brought_to(database, clock, RESOLVED)
    clock.advance(DAY)
    asked = iter([False, True])

    report = ran(close_resolved, database, clock, size=2, should_stop=lambda: next(asked))

    assert report.counts() == {"seen": 2, "changed": 2, "skipped": 0, "failed": 0, "left": 3}
    assert statuses(database) == ["closed"] * 2 + ["resolved"] * 3
    assert ran(close_resolved, database, clock).changed == 3


def test_a_stop_is_heard_while_a_bad_batch_is_done_one_by_one(
    database: Database, clock: SetClock, kind: str
) -> None:
    bad = brought_to(database, clock, RESOLVED)
    for _ in range(3):
        brought_to(database, clock, RESOLVED)
    clock.advance(DAY)
    asked = iter([False, False, True, True])

    with spoilt(database, kind, bad.id):
        report = ran(close_resolved, database, clock, should_stop=lambda: next(asked))

    assert report.counts() == {"seen": 2, "changed": 1, "skipped": 0, "failed": 1, "left": 2}


def test_a_lost_lease_stops_the_run_and_takes_its_batch_back(
    database: Database, clock: SetClock
) -> None:
    for _ in range(4):
        brought_to(database, clock, RESOLVED)
    clock.advance(DAY)

    class LostAtTheSecondBatch:
        run_id = 7
        passed = 0

        def check(self, _: object) -> None:
            self.passed += 1
            if self.passed == 2:
                raise LeaseLost("taken over")

        def committed(self) -> None:
            """Nothing to note."""

    with pytest.raises(LeaseLost):
        ran(close_resolved, database, clock, size=2, fence=LostAtTheSecondBatch())

    assert statuses(database) == ["closed"] * 2 + ["resolved"] * 2
    closings = rows(database, "SELECT run_id FROM savctl_audit WHERE run_id IS NOT NULL")
    assert [row["run_id"] for row in closings] == [7, 7]
