"""Two hosts whose clocks differ: the times of a ticket never run backwards (rules 20.9)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.domain.model.history import HistoryEntry
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.status_chain import first_out_of_order
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.clock import clock as sla_clock
from savctl.domain.tickets.closing import ClosingLimits
from savctl.persistence.engine import Database
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.ports import Clock, SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.database.integrity import CheckOptions, check_integrity
from savctl.usecases.files.attaching import delete_attachment, restore_attachment
from savctl.usecases.operation import Operation
from savctl.usecases.privacy.holds import hold_ticket, release_ticket
from savctl.usecases.sla.escalating import escalate
from savctl.usecases.tickets.assignment import assign_ticket, unassign_ticket
from savctl.usecases.tickets.closing import close_resolved, close_silent
from savctl.usecases.tickets.conversation import add_message, mark_read
from savctl.usecases.tickets.creation import edit_ticket
from savctl.usecases.tickets.merging import merge_tickets
from savctl.usecases.tickets.splitting import split_ticket
from savctl.usecases.tickets.transitions import close_ticket, move_ticket, set_priority
from tests.given import (
    AGENT,
    BOSS,
    CUSTOMER,
    DAY,
    NOW,
    SECOND,
    attached,
    brought_to,
    created,
    rows,
)

pytestmark = pytest.mark.only_on("sqlite")

MINUTE = 60 * SECOND
SKEWS = (timedelta(), 10 * SECOND, -10 * SECOND, 10 * MINUTE, -10 * MINUTE, 8 * DAY, -8 * DAY)
PAIRS = [(a, b) for a, b in itertools.product(SKEWS, SKEWS) if a != b]
TIMES = {
    "support_tickets": ("created_at", "updated_at", "resolved_at", "closed_at"),
    "ticket_messages": ("created_at", "updated_at", "read_at"),
    "ticket_attachments": ("created_at", "updated_at"),
    "savctl_files": ("deleted_at",),
    "savctl_outbox": ("occurred_at",),
    "savctl_audit": ("at",),
}

Step = Callable[[Database, Clock, DirectoryStore, int], Any]


def times(database: Database) -> list[str]:
    """Every time that stands anywhere about tickets, as text to the second."""
    found: list[str] = []
    for table, columns in TIMES.items():
        for row in rows(database, f"SELECT {', '.join(columns)} FROM {table}"):
            found += [str(value)[:19] for value in row.values() if value is not None]
    return found


def the_ticket(database: Database, ticket_id: int) -> Ticket:
    with database.reading() as connection:
        return UnitOfWork(connection).tickets.get(ticket_id)


def moved(to: Status, **options: Any) -> Step:
    return lambda d, c, s, t: move_ticket(Operation(d, c, actor=AGENT), t, to, **options)


def message_of(side: str, user: int) -> Step:
    return lambda d, c, s, t: add_message(Operation(d, c), t, sender=(side, user), body="Hello")


def swept(job: Callable[..., None]) -> Step:
    """A job that closes whatever its host's clock lets it close."""
    limits = ClosingLimits(silence=SECOND, confirmation=SECOND)
    terms = BatchContext(report=BatchReport())
    return lambda d, c, s, t: job(d, c, limits=limits, terms=terms)


# A life of a ticket through every command that leaves a time on it.
LIFE: tuple[Step, ...] = (
    lambda d, c, s, t: assign_ticket(Operation(d, c, actor=BOSS), t, to=AGENT),
    lambda d, c, s, t: unassign_ticket(Operation(d, c, actor=BOSS), t, reason=None),
    lambda d, c, s, t: assign_ticket(Operation(d, c, actor=BOSS), t, to=AGENT),
    lambda d, c, s, t: set_priority(Operation(d, c, actor=BOSS), t, Priority.URGENT, reason="now"),
    lambda d, c, s, t: edit_ticket(Operation(d, c, actor=BOSS), t, {"subject": "Other"}),
    message_of("agent", AGENT),
    moved(Status.WAITING_CUSTOMER, message="Which size?"),
    message_of("customer", CUSTOMER),
    lambda d, c, s, t: mark_read(Operation(d, c), t, reader=AGENT),
    lambda d, c, s, t: attached(d, s, t, ("a.txt", b"text\n"), clock=c),
    lambda d, c, s, t: delete_attachment(Operation(d, c, actor=AGENT), 1),
    lambda d, c, s, t: restore_attachment(Operation(d, c, actor=AGENT), 1),
    lambda d, c, s, t: hold_ticket(Operation(d, c, actor=BOSS), t, reason="court"),
    lambda d, c, s, t: release_ticket(Operation(d, c, actor=BOSS), t, reason=None),
    lambda d, c, s, t: merge_tickets(Operation(d, c, actor=BOSS), [t + 1], t),
    lambda d, c, s, t: split_ticket(Operation(d, c, actor=BOSS), t, [1]),
    moved(Status.RESOLVED),
    moved(Status.IN_PROGRESS),
    moved(Status.WAITING_CUSTOMER),
    moved(Status.IN_PROGRESS),
    moved(Status.RESOLVED, message="Sent again."),
    lambda d, c, s, t: close_ticket(Operation(d, c, actor=BOSS), t, reason="done"),
)


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "files")


def hosts(first: timedelta, second: timedelta) -> Iterator[SetClock]:
    """The clocks of two hosts that take turns; real time stands still."""
    return itertools.cycle((SetClock(NOW + first), SetClock(NOW + second)))


@pytest.mark.parametrize(
    ("first", "second"), [(8 * DAY, timedelta()), (10 * SECOND, -10 * SECOND)]
)
def test_no_command_leaves_a_time_before_one_that_stands_there(
    database: Database, store: DirectoryStore, first: timedelta, second: timedelta
) -> None:
    turns = hosts(first, second)
    ticket = created(database, next(turns)).id
    created(database, SetClock(NOW + first))

    for number, step in enumerate(LIFE):
        before = times(database)
        step(database, next(turns), store, ticket)
        new = sorted(times(database))
        for known in before:
            new.remove(known) if known in new else None

        assert min(new, default="9999") >= max(before), f"step {number}"


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=str)
def test_a_life_on_two_hosts_is_one_in_order(
    database: Database, first: timedelta, second: timedelta
) -> None:
    turns = hosts(first, second)
    one = created(database, next(turns)).id
    for step in (LIFE[0], message_of("agent", AGENT), moved(Status.WAITING_CUSTOMER), *LIFE[7:8]):
        step(database, next(turns), None, one)  # type: ignore[arg-type]
    for step in (moved(Status.RESOLVED), LIFE[-1]):
        step(database, next(turns), None, one)  # type: ignore[arg-type]

    ticket = the_ticket(database, one)
    stamps = (ticket.created_at, ticket.resolved_at, ticket.closed_at)
    assert list(stamps) == sorted(stamps)  # type: ignore[type-var]
    assert first_out_of_order(ticket.metadata.history, skew=timedelta()) is None
    assert sla_clock(ticket, now=NOW + 30 * DAY, answered_at=None).is_trusted
    report = check_integrity(database, SetClock(NOW + 9 * DAY), terms=CheckOptions())
    assert not report.is_broken, report.ordered()


@pytest.mark.parametrize("ahead", [10 * SECOND, 10 * MINUTE])
@pytest.mark.parametrize(
    ("job", "status", "stamp"),
    [
        (close_silent, Status.WAITING_CUSTOMER, "updated_at"),
        (close_resolved, Status.RESOLVED, "resolved_at"),
    ],
)
def test_a_closing_job_does_not_close_before_what_it_closes(
    database: Database, ahead: timedelta, job: Callable[..., None], status: Status, stamp: str
) -> None:
    ticket = brought_to(database, SetClock(NOW), status).id
    add_message(
        Operation(database, SetClock(NOW + ahead)),
        ticket,
        sender=("agent", AGENT),
        body="x",
        internal=True,
    )
    late = SetClock(NOW + 2 * SECOND)

    swept(job)(database, late, None, ticket)  # type: ignore[arg-type]

    closed = the_ticket(database, ticket)
    assert closed.status is Status.CLOSED
    assert closed.closed_at == NOW + ahead
    assert getattr(closed, stamp) <= closed.closed_at


def test_an_escalation_does_not_run_before_the_history(database: Database) -> None:
    ticket = brought_to(database, SetClock(NOW), Status.IN_PROGRESS).id
    set_priority(
        Operation(database, SetClock(NOW + 8 * DAY), actor=BOSS), ticket, Priority.HIGH, reason="x"
    )

    escalate(database, SetClock(NOW + 7 * DAY), terms=BatchContext(report=BatchReport()))

    history = the_ticket(database, ticket).metadata.history
    assert first_out_of_order(history, skew=timedelta()) is None


def test_a_time_that_no_column_can_hold_is_not_taken_over(database: Database) -> None:
    ticket = brought_to(database, SetClock(NOW), Status.RESOLVED)
    noted = HistoryEntry(at=NOW.replace(year=2300), actor=None, action="noted")
    far = ticket.changed(metadata=ticket.metadata.with_history((noted,)))

    assert far.moment(NOW + SECOND) == NOW + SECOND
