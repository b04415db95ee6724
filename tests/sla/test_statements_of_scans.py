"""What looks at many tickets asks the database by the page, and for no more than it counts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import event

from savctl.domain.periods import Every
from savctl.domain.sla.policy import Policies
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.reports.sla_report import ReportSpan, report_sla
from savctl.usecases.reports.volume import report_volume
from savctl.usecases.reports.workload import report_workload
from savctl.usecases.sla.auditing import audit
from savctl.usecases.sla.escalating import escalate
from tests.given import DAY, NOW, created
from tests.tickets.talk import answer, say

POLICIES = Policies()
_TABLE = re.compile(r"(?:FROM|INTO|UPDATE) (\w+)")


def asked(database: Database, work: Callable[[], object]) -> list[str]:
    """The statements sent meanwhile."""
    sent: list[str] = []

    def note(*given: object) -> None:
        sent.append(str(given[2]))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    return [sql for sql in sent if not sql.startswith("BEGIN")]


def subjects(statements: list[str]) -> list[str]:
    """Verb and table of each."""
    return [
        f"{sql.split()[0]} {found[1]}"
        for sql in statements
        if (found := _TABLE.search(" ".join(sql.split())))
    ]


def desk(database: Database, clock: SetClock, count: int) -> ReportSpan:
    """So many tickets that nobody answered in time, seen eight days later."""
    for _ in range(count):
        say(database, clock, created(database, clock), "Any news?")
    clock.advance(8 * DAY)
    return ReportSpan(NOW - DAY, clock(), clock())


def audited(database: Database, clock: SetClock, size: int = 1_000) -> None:
    audit(database, clock, terms=BatchContext(report=BatchReport(), size=size), policies=POLICIES)


def scanned(database: Database, clock: SetClock) -> None:
    escalate(database, clock, terms=BatchContext(report=BatchReport()), policies=POLICIES)


@pytest.mark.parametrize("count", [1, 12])
def test_volume_reads_the_tickets_and_counts_the_messages(
    database: Database, clock: SetClock, count: int
) -> None:
    span = desk(database, clock, count)

    sent = asked(database, lambda: report_volume(database, span, every=Every.DAY))

    assert subjects(sent) == [
        "SELECT support_tickets",  # how many there are, from which to which
        "SELECT support_tickets",  # a page
        "SELECT support_tickets",  # the end
        "SELECT ticket_messages",
    ]


@pytest.mark.parametrize("count", [1, 12])
def test_a_report_of_promises_asks_for_tickets_and_answers_by_the_page(
    database: Database, clock: SetClock, count: int
) -> None:
    span = desk(database, clock, count)

    def report() -> None:
        report_sla(database, span, by=("priority", "month"), policies=POLICIES)

    assert subjects(asked(database, report)) == [
        "SELECT support_tickets",
        *("SELECT support_tickets", "SELECT ticket_messages"),
        "SELECT support_tickets",
    ]


@pytest.mark.parametrize("count", [1, 12])
def test_an_audit_that_finds_nothing_takes_three_questions_a_page(
    database: Database, clock: SetClock, count: int
) -> None:
    desk(database, clock, count)
    scanned(database, clock)

    sent = subjects(asked(database, lambda: audited(database, clock)))

    page = ["SELECT support_tickets", "SELECT ticket_messages", "SELECT savctl_sla_breaches"]
    assert sent.count("SELECT ticket_messages") == 1
    assert sent[sent.index(page[0]) :][:4] == [*page, page[0]]


def test_an_audit_of_twice_the_pages_asks_twice_as_often_and_not_for_each_ticket(
    database: Database, clock: SetClock
) -> None:
    desk(database, clock, 12)
    scanned(database, clock)

    counts = {
        size: len(asked(database, lambda size=size: audited(database, clock, size)))  # type: ignore[misc]
        for size in (12, 6, 3)
    }

    assert counts[3] - counts[6] == 2 * (counts[6] - counts[12]) > 0


@pytest.mark.parametrize("work", [audited, scanned])
def test_late_tickets_are_written_down_by_the_batch(
    database: Database, clock: SetClock, work: Callable[[Database, SetClock], None]
) -> None:
    desk(database, clock, 1)
    one = asked(database, lambda: work(database, clock))
    desk(database, clock, 12)

    dozen = asked(database, lambda: work(database, clock))

    assert subjects(dozen).count("UPDATE support_tickets") == 1
    assert len(dozen) <= len(one) + 2, "a scan may take its page by alarm and not by status"


@pytest.mark.parametrize(
    "work",
    [
        lambda d, c, s: report_volume(d, s, every=Every.MONTH),
        lambda d, c, s: report_sla(d, s, by=("agent",), policies=POLICIES),
        lambda d, c, s: report_workload(d, s, by="category", policies=POLICIES),
        lambda d, c, s: audited(d, c),
    ],
    ids=["volume", "sla", "workload", "audit"],
)
def test_nobody_who_only_counts_reads_the_words(
    database: Database, clock: SetClock, work: Callable[[Database, SetClock, ReportSpan], object]
) -> None:
    ticket = created(database, clock, subject="S" * 100, description="D" * 1_000)
    clock.advance(timedelta(minutes=5))
    answer(database, clock, ticket)
    span = ReportSpan(NOW - DAY, clock() + DAY, clock())

    sent = asked(database, lambda: work(database, clock, span))

    assert not [sql for sql in sent if re.search(r"\b(description|subject|message)\b", sql)]
