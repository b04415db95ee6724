"""`sla due` and `sla breaches`: what passes soon, and what has passed (rules 4.6)."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from savctl.domain.model.priority import LEVELS, Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.breach import Breach
from savctl.domain.sla.clock import Side
from savctl.persistence.engine import Database
from savctl.persistence.sla import breaches as sla_breaches
from savctl.persistence.sla.breaches import Ledger
from savctl.persistence.sla.reads import SlaReads, TicketScope
from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.operation import Operation
from savctl.usecases.sla import due as sla_due
from savctl.usecases.sla.escalating import escalate
from savctl.usecases.tickets.assignment import assign_ticket
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.transitions import move_ticket
from tests.conftest import Cli
from tests.given import AGENT, BOSS, CUSTOMER, DAY, NOW, SECOND, brought_to, created, write

pytestmark = pytest.mark.each_database("what is due is found and sorted by SQL")

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def scanned(database: Database, clock: SetClock) -> None:
    escalate(database, clock, terms=BatchContext(report=BatchReport()))


def answered(database: Database, clock: SetClock, ticket: Ticket) -> None:
    add_message(Operation(database, clock), ticket.id, sender=("agent", AGENT), body="We look.")


def due(cli: Cli, at: datetime, *words: object) -> list[dict[str, Any]]:
    outcome = cli("sla", "due", *words, "--at", at.isoformat(), "-o", "json")
    assert outcome.code == 0, outcome.err
    found: list[dict[str, Any]] = json.loads(outcome.out)
    return found


def sides(rows: Sequence[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(row["id"], row["side"]) for row in rows]


@pytest.mark.parametrize("is_scanned", [True, False])
def test_targets_come_soonest_first_each_side_by_itself(
    cli: Cli, database: Database, clock: SetClock, is_scanned: bool
) -> None:
    urgent = created(database, clock, priority=Priority.URGENT)
    high = created(database, clock, priority=Priority.HIGH)
    created(database, clock, priority=Priority.LOW)
    if is_scanned:
        scanned(database, clock)

    rows = due(cli, clock(), "--within", "4h")

    assert sides(rows) == [
        (urgent.id, "response"),
        (urgent.id, "resolution"),
        (high.id, "response"),
    ]
    assert rows[0] == {
        "ticket_number": urgent.ticket_number,
        "id": urgent.id,
        "side": "response",
        "due_at": "2025-10-03T11:30:00Z",
        "remaining_seconds": 3600,
        "in": "1 h",
        "target_minutes": 60,
        "priority": "urgent",
        "status": "open",
        "assigned_to": None,
        "overdue": False,
        "warning": False,
    }
    assert sides(due(cli, clock())) == [(urgent.id, "response")], "two hours unless asked"


def test_the_end_of_the_span_is_included(cli: Cli, database: Database, clock: SetClock) -> None:
    created(database, clock)
    scanned(database, clock)

    assert len(due(cli, clock() + 21 * HOUR, "--within", "3h")) == 1
    assert due(cli, clock() + 21 * HOUR - SECOND, "--within", "3h") == []
    assert len(due(cli, clock() + DAY, "--within", "0s")) == 1


def test_of_a_past_moment_only_tickets_that_were_there_are_listed_and_that_is_reported(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    there = created(database, clock, priority=Priority.URGENT)
    clock.advance(10 * MINUTE)
    created(database, clock, priority=Priority.URGENT)
    at = clock() - MINUTE

    past = cli("sla", "due", "--at", at.isoformat(), "-o", "ids")
    present = cli("sla", "due", "--within", "1d")

    assert past.out.split() == [there.ticket_number]
    assert "what ended since --at is not listed" in past.err
    assert "--at" not in present.err


def test_what_has_passed_leads_until_it_is_recorded(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    late = created(database, clock)
    clock.advance(DAY - 30 * MINUTE)
    soon = created(database, clock, priority=Priority.URGENT)
    scanned(database, clock)
    clock.advance(30 * MINUTE + 90 * SECOND)

    before = due(cli, clock())
    scanned(database, clock)
    after = due(cli, clock())

    assert sides(before) == [(late.id, "response"), (soon.id, "response")]
    assert (before[0]["overdue"], before[0]["remaining_seconds"]) == (True, -90)
    assert before[0]["in"] == "late by 1 min 30 s"
    assert sides(after) == [(soon.id, "response")]


def test_a_ticket_that_is_not_worked_on_is_not_due(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    for status in (Status.WAITING_CUSTOMER, Status.RESOLVED, Status.CLOSED):
        brought_to(database, clock, status)
    created(database, clock)
    write(
        database,
        "UPDATE support_tickets SET metadata = "
        "JSON_SET(metadata, '$.merged_into', JSON_OBJECT('ticket_id', 1)) WHERE status = 'open'",
    )
    partial = created(database, clock)
    write(
        database,
        f"UPDATE support_tickets SET status = 'in_progress', assigned_to = 7 WHERE id = "
        f"{partial.id}",
    )

    assert due(cli, clock(), "--within", "30d") == []
    scanned(database, clock)
    assert due(cli, clock(), "--within", "30d") == []


def test_a_new_ticket_of_another_program_is_listed_at_once(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    created(database, clock)
    scanned(database, clock)
    write(
        database,
        "INSERT INTO support_tickets (ticket_number, user_id, subject, description, priority, "
        "status, created_at, updated_at) VALUES ('TKT-FOREIGN', 1, 's', 'd', 'urgent', 'open', "
        "'2025-10-03 10:30:00', '2025-10-03 10:30:00')",
    )

    assert sides(due(cli, clock())) == [(2, "response")]


def test_a_pause_that_another_program_ended_is_seen_within_the_span(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock, priority=Priority.URGENT)
    assign_ticket(Operation(database, clock, actor=BOSS), ticket.id, to=AGENT)
    clock.advance(4 * HOUR - 5 * MINUTE)
    answered(database, clock, ticket)
    move_ticket(Operation(database, clock, actor=AGENT), ticket.id, Status.WAITING_CUSTOMER)
    clock.advance(DAY)
    scanned(database, clock)
    move_ticket(Operation(database, clock, actor=CUSTOMER), ticket.id, Status.IN_PROGRESS)
    write(database, "UPDATE savctl_sla_alarms SET looks_at = '2025-10-04 14:40:00.000000'")

    rows = due(cli, clock(), "--within", "6m")

    assert [row["side"] for row in rows] == ["response", "resolution"]
    assert rows[-1]["due_at"] == "2025-10-04T14:30:00Z"


def test_an_alarm_that_rings_late_does_not_spoil_the_order(
    cli: Cli, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sla_due, "_PAGE", 1)
    for looks_at in ("13:00", "11:45", "12:45"):
        ticket = created(database, clock, priority=Priority.URGENT)
        clock.advance(10 * MINUTE)
        write(
            database,
            f"UPDATE savctl_sla_alarms SET looks_at = '2025-10-03 {looks_at}:00.000000' "
            f"WHERE ticket_id = {ticket.id}",
        )

    rows = due(cli, clock() + 3 * HOUR, "--within", "0s")

    assert sides(rows) == [(1, "response"), (2, "response"), (3, "response")]


def test_alarms_keep_the_cost_to_what_is_due(
    cli: Cli, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(20):
        created(database, clock, priority=Priority.LOW)
    urgent = created(database, clock, priority=Priority.URGENT)
    scanned(database, clock)
    read: list[int] = []
    real = SlaReads.active_tickets

    def active_tickets(reads: SlaReads, ids: Sequence[int], held: TicketScope) -> list[Ticket]:
        read.extend(ids)
        return real(reads, ids, held)

    monkeypatch.setattr(SlaReads, "active_tickets", active_tickets)

    rows = due(cli, clock())

    assert sides(rows) == [(urgent.id, "response")]
    assert read == [urgent.id]


def test_filters_narrow_the_list(cli: Cli, database: Database, clock: SetClock) -> None:
    free = created(database, clock, priority=Priority.URGENT)
    held = created(database, clock, priority=Priority.HIGH)
    assign_ticket(Operation(database, clock, actor=BOSS), held.id, to=AGENT)
    span = ("--within", "4h")

    assert {i for i, _ in sides(due(cli, clock(), *span, "--agent", "none"))} == {free.id}
    assert {i for i, _ in sides(due(cli, clock(), *span, "--agent", AGENT))} == {held.id}
    assert due(cli, clock(), *span, "--agent", 99) == []
    assert {i for i, _ in sides(due(cli, clock(), *span, "--priority", "HIGH"))} == {held.id}
    assert len(due(cli, clock(), *span, "--priority", "high,urgent")) == 3


def test_a_warning_begins_at_the_share_that_the_settings_name(
    cli: Cli, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = created(database, clock, priority=Priority.LOW)
    scanned(database, clock)
    monkeypatch.setenv("SAVCTL_SLA_WARN_AT", "75%")
    at = clock() + timedelta(hours=36)

    assert due(cli, at - SECOND, "--warned") == []
    assert [row["warning"] for row in due(cli, at - SECOND, "--within", "13h")] == [False]
    assert sides(due(cli, at, "--warned")) == [(ticket.id, "response")]
    assert [row["warning"] for row in due(cli, at, "--within", "13h")] == [True]
    assert due(cli, at, "--warned", "--within", "2h") == []


def test_without_a_share_nothing_is_warned_of_and_that_is_reported(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    created(database, clock)

    outcome = cli("sla", "due", "--warned", "--at", "2025-10-04T10:00:00Z", "-o", "json")

    assert (outcome.code, json.loads(outcome.out)) == (0, [])
    assert "SAVCTL_SLA_WARN_AT" in outcome.err


def test_the_list_is_bounded_and_says_when_there_is_more(
    cli: Cli, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sla_due, "_PAGE", 20)
    for _ in range(51):
        created(database, clock, priority=Priority.HIGH)
    words = ("sla", "due", "--within", "4h", "--at", clock().isoformat(), "-o", "ids")

    some, all_ = cli(*words), cli(*words, "--limit", 0)

    assert len(some.out.split()) == 50
    assert "there are more: --limit 0 for all" in some.err
    assert len(all_.out.split()) == 51
    assert "there are more" not in all_.err


@pytest.fixture
def busy(database: Database, clock: SetClock) -> None:
    """Thirty tickets of all sorts, the scan at work in between."""
    chance = random.Random(4)
    for n in range(30):
        clock.advance(timedelta(minutes=chance.randrange(90)))
        ticket = created(database, clock, priority=chance.choice(LEVELS))
        if chance.random() < 0.5:
            assign_ticket(Operation(database, clock, actor=BOSS), ticket.id, to=AGENT)
            clock.advance(timedelta(minutes=chance.randrange(30)))
            if chance.random() < 0.5:
                answered(database, clock, ticket)
        if n == 20:
            scanned(database, clock)


@pytest.mark.slow("asks for every page of every size")
@pytest.mark.usefixtures("busy")
def test_pages_of_any_size_give_the_plainly_sorted_list(
    cli: Cli, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = clock()
    shows = [
        json.loads(cli("sla", "show", n, "-o", "json", "--at", at.isoformat()).out)
        for n in range(1, 31)
    ]
    plain = sorted(
        (row[side]["due_at"] or row[side]["passed_at"], row["id"], side)
        for row in shows
        for side in ("response", "resolution")
        if row[side]["due_at"] or row[side]["recording"] == "next_scan"
    )

    for page in (1, 3, 500):
        monkeypatch.setattr(sla_due, "_PAGE", page)
        for span in ("0s", "2h", "1d", "30d"):
            ends = f"{at + _span(span):%Y-%m-%dT%H:%M:%SZ}"
            wanted = [key for key in plain if key[0] <= ends]
            for limit in (1, 4, 0):
                rows = due(cli, at, "--within", span, "--limit", limit)
                found = [(row["due_at"], row["id"], row["side"]) for row in rows]
                assert found == wanted[: limit or None], (page, span, limit)


def _span(text: str) -> timedelta:
    return {"0s": 0 * HOUR, "2h": 2 * HOUR, "1d": DAY, "30d": 30 * DAY}[text]


@pytest.fixture
def ledger(database: Database, clock: SetClock) -> list[tuple[int, str]]:
    """Twelve breaches of eight tickets, many at the same moment; newest first."""
    rows = []
    for n in range(1, 9):
        created(database, clock)
        for side in Side if n % 2 else (Side.RESPONSE,):
            at = NOW + timedelta(days=n // 3)
            level = LEVELS[n % 4]
            rows.append(
                (
                    n,
                    Breach(
                        side=side,
                        at=at,
                        found_at=at + MINUTE,
                        priority=level,
                        expected_minutes=60,
                        actual_minutes=61,
                    ),
                )
            )
    database.transaction(lambda c: Ledger(c).append(rows))
    ordered = sorted(rows, key=lambda row: (row[1].at, row[0], row[1].side), reverse=True)
    return [(n, str(breach.side)) for n, breach in ordered]


def breaches(cli: Cli, *words: object) -> list[dict[str, Any]]:
    outcome = cli("sla", "breaches", *words, "-o", "json")
    assert outcome.code == 0, outcome.err
    found: list[dict[str, Any]] = json.loads(outcome.out)
    return found


def places(rows: Sequence[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(row["ticket_id"], row["side"]) for row in rows]


def test_a_breach_is_listed_with_its_ticket_as_it_is_now(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    clock.advance(DAY + MINUTE)
    scanned(database, clock)
    assign_ticket(Operation(database, clock, actor=BOSS), ticket.id, to=AGENT)

    assert breaches(cli) == [
        {
            "ticket_number": ticket.ticket_number,
            "ticket_id": ticket.id,
            "side": "response",
            "at": "2025-10-04T10:30:00Z",
            "found_at": "2025-10-04T10:31:00Z",
            "priority": "medium",
            "expected_minutes": 1440,
            "actual_minutes": 1441,
            "raised_to": "high",
            "status": "in_progress",
            "assigned_to": AGENT,
        }
    ]


@pytest.mark.parametrize("size", [1, 5])
def test_pages_visit_every_breach_once_the_newest_first(
    cli: Cli, ledger: list[tuple[int, str]], size: int
) -> None:
    seen: list[tuple[int, str]] = []
    after: tuple[str, ...] = ()

    while True:
        outcome = cli("sla", "breaches", "--limit", size, *after, "-o", "json")
        seen += places(json.loads(outcome.out))
        if "there are more" not in outcome.err:
            break
        after = ("--after", outcome.err.split("--after ")[1].split(",")[0])

    assert seen == ledger


def test_a_long_list_goes_on_over_its_pages(
    cli: Cli, ledger: list[tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sla_breaches, "_PAGE", 2)

    assert places(breaches(cli, "--limit", 0)) == ledger
    assert places(breaches(cli, "--limit", 5)) == ledger[:5]


def test_breaches_are_narrowed(
    cli: Cli, database: Database, clock: SetClock, ledger: list[tuple[int, str]]
) -> None:
    assign_ticket(Operation(database, clock, actor=BOSS), 3, to=AGENT)
    ids = [n for n, _ in ledger]

    assert [n for n, _ in places(breaches(cli, "--type", "response"))] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert {n for n, _ in places(breaches(cli, "--priority", "high,URGENT"))} == {2, 3, 6, 7}
    assert places(breaches(cli, "--agent", AGENT)) == [(3, "response"), (3, "resolution")]
    assert 3 not in {n for n, _ in places(breaches(cli, "--agent", "none"))}
    assert places(breaches(cli, "--ticket", 8)) == [(8, "response")]
    since = breaches(cli, "--since", "2025-10-04T10:30:00Z", "--until", "2025-10-05T10:30:00Z")
    assert [n for n, _ in places(since)] == [n for n in ids if n in {3, 4, 5}]


def test_a_deleted_ticket_is_named_by_its_id(
    cli: Cli, database: Database, ledger: list[tuple[int, str]]
) -> None:
    write(database, "DELETE FROM support_tickets WHERE id = 8")

    newest = breaches(cli)[0]
    ids = cli("sla", "breaches", "--type", "response", "-o", "ids").out.split()

    assert (newest["ticket_id"], newest["ticket_number"], newest["status"]) == (8, None, None)
    assert ids[0] == "8"
    assert ids[1].startswith("TKT-")
    assert 8 not in {n for n, _ in places(breaches(cli, "--agent", "none"))}


@pytest.mark.parametrize(
    "words",
    [
        ("breaches", "--after", "TKT-1"),
        ("breaches", "--after", "2025-10-03/1/neither"),
        ("breaches", "--after", "2025-10-03/x/response"),
        ("breaches", "--after", "whenever/1/response"),
        ("breaches", "--after", "2025-10-03/\u0661/response"),
        ("breaches", "--type", "both"),
        ("breaches", "--agent", "nobody"),
        ("due", "--agent", "nobody"),
        ("due", "--within", "soon"),
        ("due", "--priority", "asap"),
    ],
)
def test_words_that_mean_nothing_are_refused_by_name(cli: Cli, words: tuple[str, ...]) -> None:
    outcome = cli("sla", *words)

    assert (outcome.code, outcome.out) == (2, "")
    assert words[-2] in outcome.err


@pytest.mark.parametrize("verb", ["due", "breaches"])
def test_every_format_has_the_same_rows_and_an_empty_csv_its_header(
    cli: Cli, database: Database, clock: SetClock, verb: str
) -> None:
    at = (clock() + DAY + HOUR).isoformat()
    empty = cli("sla", verb, "-o", "csv").out
    created(database, clock)
    clock.advance(DAY + MINUTE)
    if verb == "breaches":
        scanned(database, clock)

    out = {f: cli("sla", verb, "--at", at, "-o", f).out for f in ("json", "jsonl", "csv", "ids")}

    (row,) = json.loads(out["json"])
    assert json.loads(out["jsonl"]) == row
    header, cells = csv.reader(io.StringIO(out["csv"]))
    assert (header, empty.splitlines()) == (list(row), out["csv"].splitlines()[:1])
    assert cells[0] == out["ids"].strip() == row["ticket_number"]
