"""The desk as it is read: what each part counts, and what is printed off a terminal."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest

from savctl.domain.clock import micro_text, second_text
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.sla.policy import Policies
from savctl.errors import Unavailable
from savctl.persistence.engine import Database
from savctl.ports import SetClock, system_clock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.desk.model import AgentLoad, Desk, ErasureCounts, JobBoard
from savctl.usecases.desk.parts import all_parts
from savctl.usecases.desk.reader import DeskReader
from savctl.usecases.desk.watch import DeskWatch
from savctl.usecases.operation import Operation
from savctl.usecases.sla.escalating import escalate
from savctl.usecases.tickets.assignment import assign_ticket
from savctl.usecases.tickets.conversation import add_message
from tests.conftest import Cli
from tests.given import AGENT, DAY, NOW, OTHER_AGENT, brought_to, created, write, write_rows

pytestmark = pytest.mark.each_database("what is counted is counted by SQL")
HOUR = timedelta(hours=1)


def read(database: Database, clock: SetClock) -> Desk:
    """The desk, but for the jobs."""
    parts = all_parts(
        board=lambda _: JobBoard(jobs=(), leases=(), schedulers=()), policies=Policies
    )
    return DeskReader(lambda: database, clock, parts).read()


def scanned(database: Database, clock: SetClock) -> None:
    escalate(database, clock, terms=BatchContext(report=BatchReport()))


def test_the_queue_counts_what_is_not_closed(database: Database, clock: SetClock) -> None:
    for status in (Status.OPEN, Status.OPEN, *Status):
        brought_to(database, clock, status)
    created(database, clock, priority=Priority.URGENT)

    queue = read(database, clock).queue

    assert queue is not None
    assert queue.counts == {
        ("open", "medium"): 3,
        ("open", "urgent"): 1,
        ("in_progress", "medium"): 1,
        ("waiting_customer", "medium"): 1,
        ("resolved", "medium"): 1,
    }
    assert (queue.total, queue.of_status("open"), queue.unassigned) == (7, 4, 4)


def test_agents_are_counted_by_what_they_have_to_do(database: Database, clock: SetClock) -> None:
    for status in (Status.IN_PROGRESS, Status.WAITING_CUSTOMER, Status.RESOLVED, Status.OPEN):
        brought_to(database, clock, status)
    for _ in range(3):
        ticket = created(database, clock)
        assign_ticket(Operation(database, clock, actor=AGENT), ticket.id, to=OTHER_AGENT)

    assert read(database, clock).agents == [
        AgentLoad(agent_id=OTHER_AGENT, open=0, in_progress=3, waiting_customer=0),
        AgentLoad(agent_id=AGENT, open=0, in_progress=1, waiting_customer=1),
    ]


def test_a_breach_runs_until_the_answer_or_while_the_ticket_waits(
    database: Database, clock: SetClock
) -> None:
    tickets = [created(database, clock) for _ in range(3)]
    clock.advance(2 * DAY)
    scanned(database, clock)
    add_message(
        Operation(database, clock), tickets[0].id, sender=("agent", AGENT), body="We look."
    )
    op = Operation(database, clock)
    add_message(op, tickets[1].id, sender=("agent", AGENT), body="Hm.", internal=True)

    assert read(database, clock).breaches == {"response": 2, "resolution": 0}

    clock.advance(2 * DAY)
    scanned(database, clock)
    assert read(database, clock).breaches == {"response": 2, "resolution": 3}

    write(database, f"UPDATE support_tickets SET status = 'resolved' WHERE id = {tickets[2].id}")
    assert read(database, clock).breaches == {"response": 1, "resolution": 2}


def test_what_is_due_next_is_what_sla_due_lists(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    for priority in (Priority.LOW, Priority.URGENT, Priority.HIGH, Priority.MEDIUM):
        created(database, clock, priority=priority)
    brought_to(database, clock, Status.WAITING_CUSTOMER)
    scanned(database, clock)
    clock.advance(timedelta(minutes=61))

    found = read(database, clock).due or ()

    listed = cli(*("sla", "due", "--within", "8d", "--at", clock().isoformat(), "-o", "json"))
    expected = [(row["id"], row["side"], row["due_at"]) for row in json.loads(listed.out)]
    assert [(one.ticket_id, one.side, second_text(one.at)) for one in found] == expected
    assert found[0].at < clock(), "it passed, and no scan has written it down"
    assert len(found) == 8


def test_requests_of_erasure_are_counted_by_their_term(
    database: Database, clock: SetClock
) -> None:
    terms = {"requested": -1, "confirmed": 3, "running": 30, "held": -9, "done": -9}
    write_rows(
        database,
        "savctl_erasures",
        [
            {
                "id": f"er-{state}",
                "person": f"p-{state}",
                "key_id": "k",
                "state": state,
                "source": "person",
                "requested_at": f"{NOW:%Y-%m-%d %H:%M:%S}",
                "due_at": f"{NOW + days * DAY:%Y-%m-%d %H:%M:%S}",
            }
            for state, days in terms.items()
        ],
    )

    assert read(database, clock).erasures == ErasureCounts(
        open=3, late=1, due_soon=1, held=1, next_due_at=NOW - DAY
    )


def test_the_newest_backup_of_each_kind_counts(cli: Cli, database: Database) -> None:
    now = system_clock()

    def made(number: int, kind: str, days: int, state: str = "unproven") -> dict[str, Any]:
        at = f"{now - days * DAY:%Y-%m-%d %H:%M:%S}"
        return {
            "id": f"b-{number}",
            "kind": kind,
            "state": state,
            "made_at": at,
            "verified_at": at if state == "ok" else None,
            "bytes": 10,
            "place": "file:///b",
        }

    dumps = [made(1, "dump", 3, "ok"), made(2, "dump", 2), made(3, "mirror", 9)]
    write_rows(database, "savctl_backups", dumps)

    found = shown(cli)["backups"]
    text = cli("top").out

    assert [(one["kind"], one["bytes"]) for one in found] == [("dump", 20), ("mirror", 10)]
    assert [one["proven_at"] is not None for one in found] == [True, False]
    assert "backups" in text
    assert "dump 2 d ago, proven 3 d ago; mirror 9 d ago" in text


def a_run(**values: Any) -> dict[str, Any]:
    at = values.pop("at", system_clock())
    known = {
        "job": "auto-close",
        "scheduled_for": None,
        "started_by": "scheduler",
        "status": "ok",
        "host": "web-1",
        "token": 1,
        "started_at": f"{at:%Y-%m-%d %H:%M:%S}",
        "finished_at": f"{at:%Y-%m-%d %H:%M:%S}",
        "failed": 0,
        "error": None,
    }
    return known | values


def shown(cli: Cli) -> dict[str, Any]:
    outcome = cli("top", "-o", "json")
    assert outcome.code == 0, outcome.err
    found: dict[str, Any] = json.loads(outcome.out)
    return found


def test_errors_are_those_of_the_last_week_the_newest_first(cli: Cli, database: Database) -> None:
    now = system_clock()
    write_rows(
        database,
        "savctl_runs",
        [
            a_run(at=now - 8 * DAY, status="failed", error="long ago"),
            a_run(at=now - 3 * HOUR, status="failed", error="the bucket is away"),
            a_run(at=now - 2 * HOUR),
            a_run(at=now - HOUR, job="archive", status="partly", failed=3),
        ],
    )

    found = shown(cli)["errors"]

    assert [(one["job"], one["status"], one["failed"], one["error"]) for one in found] == [
        ("archive", "partly", 3, None),
        ("auto-close", "failed", 0, "the bucket is away"),
    ]


def test_a_job_that_nobody_begins_is_overdue_and_the_reason_is_given(
    cli: Cli, database: Database
) -> None:
    since = system_clock() - DAY
    write(
        database,
        "INSERT INTO savctl_meta (name, value) VALUES "
        f"('job-known-since:auto-close', '{micro_text(since)}')",
    )
    slot = f"{since:%Y-%m-%d %H}:00:00"
    write_rows(database, "savctl_runs", [a_run(at=since, scheduled_for=slot)])

    jobs = {line["job"]: line for line in shown(cli)["jobs"]}

    assert jobs["auto-close"]["is_overdue"] is True
    assert "no scheduler is running" in jobs["auto-close"]["why"]
    assert jobs["auto-close"]["last_status"] == "ok"
    assert jobs["archive"] | {"next_slot": ""} == {
        **dict.fromkeys(("last_status", "last_started_at", "last_finished_at", "last_run_id")),
        **dict.fromkeys(("due_since", "running_on")),
        "job": "archive",
        "is_overdue": False,
        "next_slot": "",
        "why": "it has never run; its first slot is in the future",
    }


def test_off_a_terminal_it_prints_once(cli: Cli, database: Database, clock: SetClock) -> None:
    created(database, clock, subject="SECRET", description="SECRET", category="SECRET")
    write_rows(database, "savctl_runs", [a_run(status="failed", error="x" * 500)])

    outcome = cli("top")

    assert (outcome.code, outcome.err) == (0, "")
    for title in ("Queue: 1 not closed", "Due next", "Agents:", "Jobs:", "Upkeep", "Last errors"):
        assert title in outcome.out
    assert "x" * 500 in outcome.out, "nothing is cut off a terminal"
    assert "SECRET" not in outcome.out
    assert "\x1b" not in outcome.out


def test_a_part_that_took_long_rests_until_somebody_asks(
    database: Database, clock: SetClock
) -> None:
    looks = {"quick": 0, "slow": 0}

    def looked(name: str, seconds: float) -> Any:
        def part(_: object, __: object) -> int:
            looks[name] += 1
            time.sleep(seconds)
            return looks[name]

        return part

    reader = DeskReader(
        lambda: database, clock, {"agents": looked("quick", 0), "due": looked("slow", 0.2)}
    )
    first = reader.read()
    clock.advance(HOUR)
    time.sleep(0.5)
    second = reader.read(first)
    reader.wake_all()
    third = reader.read(second)

    seen: list[tuple[Any, Any]] = [(desk.due, desk.agents) for desk in (first, second, third)]
    assert seen == [(1, 1), (1, 2), (2, 3)]
    assert second.read_at == {"agents": NOW + HOUR, "due": NOW}


@pytest.mark.only_on("sqlite")
def test_a_reading_that_fails_keeps_what_was_read_and_names_the_problem(
    database: Database, clock: SetClock
) -> None:
    answers = [database]

    def asked() -> Database:
        if not answers:
            raise Unavailable("the database is away")
        return answers[0]

    watch = DeskWatch(DeskReader(asked, clock, {"due": lambda *_: 5}))
    watch.start().join()
    answers.clear()
    clock.advance(HOUR)
    watch.start().join()
    clock.advance(HOUR)
    watch.start().join()
    failed = watch.latest
    answers.append(database)
    watch.start().join()

    assert failed.desk is not None
    kept: tuple[Any, Any] = (failed.desk.at, failed.desk.due)
    assert kept == (NOW, 5)
    assert (failed.problem, failed.problem_since) == ("the database is away", NOW + HOUR)
    assert watch.latest.problem is None
