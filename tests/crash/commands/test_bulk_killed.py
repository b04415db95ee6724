"""A bulk command killed, stopped and disturbed: each ticket changes once, nothing is lost.

Rules 15.1, 15.2: the same plan again does the rest, at once, on the host of the dead process.
"""

from __future__ import annotations

import json
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from savctl.domain.model.metadata import Metadata
from savctl.persistence.bulk import insert_tickets
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.creation import edit_ticket
from tests.crash.processes import Aim, count, ended, finished, running, wait_until
from tests.depth import KILLS, too_few, work_for_kills
from tests.given import a_ticket, rows

pytestmark = pytest.mark.slow("kills processes at work, again and again")

TICKETS = work_for_kills(40)
WRITERS = 8
AGENT = 20
DONE = f"SELECT COUNT(*) AS n FROM support_tickets WHERE assigned_to = {AGENT}"
BULK = ("ticket", "bulk", "assign")
MANY = ("--max-changes", "100000")


def open_tickets(database: Database, number: int) -> None:
    """So many open tickets, without a history."""
    made = [a_ticket(ticket_number=f"TKT-{n:06d}") for n in range(1, number + 1)]
    ids = database.transaction(lambda c: insert_tickets(c, made))
    assert ids == list(range(1, number + 1))


def planned(environment: dict[str, str], folder: Path) -> tuple[str, ...]:
    """The words that carry out a plan for all of them."""
    plan = str(folder / "plan.jsonl")
    words = (*BULK, "--all", "--to", str(AGENT), "--plan-out", plan)
    assert finished(environment, *words, "-q") == 0
    return (*BULK, "--plan", plan, *MANY, "-q", "-o", "json")


def traces(database: Database) -> dict[str, Counter[int]]:
    """For each ticket how often it was assigned: by its history, the audit and the events."""
    found: dict[str, Counter[int]] = {name: Counter() for name in ("history", "audit", "events")}
    for row in rows(database, "SELECT id, metadata FROM support_tickets"):
        history = Metadata.read(row["metadata"]).history
        found["history"][row["id"]] = sum(entry.action == "assigned" for entry in history)
    for row in rows(database, "SELECT ticket_id FROM savctl_audit WHERE action = 'assigned'"):
        found["audit"][row["ticket_id"]] += 1
    for row in rows(
        database, "SELECT ticket_id FROM savctl_outbox WHERE event = 'TicketAssigned'"
    ):
        found["events"][row["ticket_id"]] += 1
    return found


def test_the_same_plan_again_after_each_kill_changes_each_ticket_once(
    database: Database, database_url: str, environment: dict[str, str], tmp_path: Path
) -> None:
    open_tickets(database, TICKETS)
    environment |= {"SAVCTL_DATABASE_URL": database_url, "SAVCTL_BATCH_SIZE": "2"}
    words = planned(environment, tmp_path)
    hits, aim = 0, Aim(0.1)

    for number in range(KILLS):
        before = count(database, DONE)
        with running(environment, *words) as process:
            if number % 5:
                wait_until(
                    lambda n=before: count(database, DONE) > n or process.poll() is not None,  # type: ignore[misc]
                    what="a batch",
                    every=0.001,
                )
                aim.pause()
            else:
                time.sleep(0.05 * (number % 3))
            process.send_signal(signal.SIGKILL)
        moved = count(database, DONE) - before
        hits += moved > 0 and before + moved < TICKETS
        aim.learn(too_late=moved > TICKETS / KILLS)
    assert hits > too_few(KILLS), "too few kills hit a bulk command at work to prove anything"

    assert finished({**environment, "SAVCTL_BATCH_SIZE": "1000"}, *words) == 0

    once = Counter(dict.fromkeys(range(1, TICKETS + 1), 1))
    assert traces(database) == {"history": once, "audit": once, "events": once}


def test_eight_writers_meanwhile_lose_no_update_and_what_they_changed_is_skipped_and_named(
    database: Database, database_url: str, environment: dict[str, str], tmp_path: Path
) -> None:
    half, number = 200, 400
    open_tickets(database, number)
    environment |= {"SAVCTL_DATABASE_URL": database_url, "SAVCTL_BATCH_SIZE": "20"}
    words = planned(environment, tmp_path)
    end, written = threading.Event(), [dict[int, int]() for _ in range(WRITERS)]

    def write_on(writer: int) -> None:
        """Edit tickets of the second half, each writer a member of its own."""
        step = writer
        while not end.is_set():
            ticket = half + 1 + step % half
            edit_ticket(Operation(database, system_clock), ticket, {}, meta={f"w{writer}": step})
            written[writer][ticket] = step
            step += WRITERS - 1

    writers = [threading.Thread(target=write_on, args=(n,)) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        wait_until(lambda: all(written), what="a change of each writer")
        with running(environment, *words) as process:
            code, out, err = ended(process)
    finally:
        end.set()
        for writer in writers:
            writer.join()

    assert code == 0, err
    outcomes = {item["id"]: item["outcome"] for item in json.loads(out)["items"]}
    assert len(outcomes) == number
    assert {outcomes[n] for n in range(1, half + 1)} == {"changed"}
    assert "skipped" in set(outcomes.values())
    assert all(
        item["reason"] == "changed since the plan"
        for item in json.loads(out)["items"]
        if item["outcome"] == "skipped"
    )
    stored = {row["id"]: row for row in rows(database, "SELECT * FROM support_tickets")}
    for ticket, outcome in outcomes.items():
        assert (stored[ticket]["assigned_to"] == AGENT) is (outcome == "changed")
    for n, last in enumerate(written):
        for ticket, step in last.items():
            assert Metadata.read(stored[ticket]["metadata"])[f"w{n}"] == step
    expected = Counter(n for n, outcome in outcomes.items() if outcome == "changed")
    assert all(+found == expected for found in traces(database).values())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_asked_to_stop_it_ends_after_its_batch_and_the_same_plan_does_the_rest(
    database: Database,
    database_url: str,
    environment: dict[str, str],
    tmp_path: Path,
    number: signal.Signals,
    code: int,
) -> None:
    open_tickets(database, 400)
    environment |= {"SAVCTL_DATABASE_URL": database_url, "SAVCTL_BATCH_SIZE": "2"}
    words = planned(environment, tmp_path)

    with running(environment, *words) as process:
        wait_until(lambda: count(database, DONE) > 0, what="a batch")
        process.send_signal(number)
        answered, out, _ = ended(process)

    done = count(database, DONE)
    assert answered == code
    assert 0 < done < 400
    assert len(json.loads(out)["items"]) == done
    assert finished(environment, *words) == 0
    assert count(database, DONE) == 400


def test_a_second_one_of_the_verb_says_that_it_runs_already(
    database: Database, database_url: str, environment: dict[str, str], tmp_path: Path
) -> None:
    open_tickets(database, 2_000)
    environment |= {"SAVCTL_DATABASE_URL": database_url, "SAVCTL_BATCH_SIZE": "1"}
    words = planned(environment, tmp_path)

    with running(environment, *words) as process:
        wait_until(lambda: count(database, DONE) > 0, what="a batch")
        assert finished(environment, *words) == 9
        assert finished(environment, "job", "history", "bulk-assign", "-q") == 0
        process.send_signal(signal.SIGTERM)
        ended(process)
