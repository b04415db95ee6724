"""Writers on two nodes: nothing is left behind a merge, nothing arrives behind a closing."""

from __future__ import annotations

import io
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.closing import ClosingLimits
from savctl.errors import Refused
from savctl.persistence.engine import Database
from savctl.ports import SetClock, system_clock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.files.attaching import attach_files
from savctl.usecases.files.staging import Staging
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.closing import close_resolved
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.merging import MergeOptions, merge_tickets
from savctl.usecases.tickets.transitions import close_ticket
from tests.cluster.racing import Racer, racers
from tests.given import AGENT, BOSS, CUSTOMER, brought_to, rows, write
from tests.servers.galera.cluster import PrivateGalera

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
]
PAIRS = int(os.environ.get("SAVCTL_TEST_PAIRS", "40"))
DELAYS = pytest.mark.parametrize("delay", [0.0, 0.005], ids=["0ms", "5ms"])
HERE, THERE = 0, 1


def message(database: Database, ticket: Ticket, store: DirectoryStore) -> None:
    add_message(
        Operation(database, system_clock), ticket.id, sender=("customer", CUSTOMER), body="And?"
    )


def note(database: Database, ticket: Ticket, store: DirectoryStore) -> None:
    add_message(
        Operation(database, system_clock),
        ticket.id,
        sender=("agent", AGENT),
        body="Look.",
        internal=True,
    )


def file(database: Database, ticket: Ticket, store: DirectoryStore) -> None:
    with Staging(None) as staging:
        staged = staging.add_all([("note.txt", io.BytesIO(b"a note"))])
        attach_files(Operation(database, system_clock, actor=AGENT), store, ticket.id, staged)


def show(line: str) -> None:
    """A figure for the documents: pytest -rP prints it."""
    sys.stdout.write(f"{line}\n")


Adding = Callable[[Database, Ticket, DirectoryStore], None]
ADDINGS = pytest.mark.parametrize("add", [message, note, file])


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "files", system_clock)


def merges(
    nodes: Sequence[Database], store: DirectoryStore, add: Adding, pairs: int
) -> Counter[str]:
    """Merge a ticket through one node while something is added to it through the other."""
    found: Counter[str] = Counter()
    with racers(nodes[:2]) as race:
        for _ in range(pairs):
            source, target = (
                brought_to(nodes[HERE], system_clock, Status.IN_PROGRESS) for _ in range(2)
            )
            merged, added = race(
                lambda: merge_tickets(
                    Operation(nodes[HERE], system_clock, actor=BOSS),
                    [source.id],  # noqa: B023
                    target.id,  # noqa: B023
                    terms=MergeOptions(),
                ),
                lambda: add(nodes[THERE], source, store),  # noqa: B023
                spread=add is file,
            )
            found[f"merged {merged}, added {added}"] += 1
            if merged:
                left = rows(
                    nodes[HERE],
                    f"SELECT id FROM ticket_messages WHERE ticket_id = {source.id} AND "
                    "message IN ('And?', 'Look.') UNION ALL "
                    f"SELECT id FROM ticket_attachments WHERE ticket_id = {source.id}",
                )
                found["stranded"] += len(left)
    return found


def closings(
    nodes: Sequence[Database], store: DirectoryStore, add: Adding, pairs: int
) -> Counter[str]:
    """Close a ticket through one node while something is added to it through the other."""
    found: Counter[str] = Counter()
    here, there = Racer(nodes[HERE]), Racer(nodes[THERE])
    with racers(nodes[:2]) as race:
        for _ in range(pairs):
            ticket = brought_to(nodes[HERE], system_clock, Status.RESOLVED)
            closed, added = race(
                lambda: close_ticket(
                    Operation(nodes[HERE], system_clock, actor=BOSS),
                    ticket.id,  # noqa: B023
                    reason="over",
                ),
                lambda: add(nodes[THERE], ticket, store),  # noqa: B023
                spread=add is file,
            )
            found[f"closed {closed}, added {added}"] += 1
            (status,) = rows(
                nodes[HERE], f"SELECT status FROM support_tickets WHERE id = {ticket.id}"
            )
            is_late = closed and added and there.seqno > here.seqno
            found["late"] += is_late and status["status"] == "closed"
    return found


@DELAYS
@ADDINGS
def test_nothing_is_left_on_a_ticket_that_was_merged_through_another_node(
    galera: PrivateGalera,
    nodes: Sequence[Database],
    store: DirectoryStore,
    add: Adding,
    delay: float,
) -> None:
    galera.lan.delay(delay)

    found = merges(nodes, store, add, PAIRS)

    show(f"merge/{add.__name__} {delay * 1000:.0f} ms: {dict(found)}")
    assert found["stranded"] == 0, found


@DELAYS
@pytest.mark.parametrize("add", [note, file])
def test_nothing_arrives_behind_a_closing_through_another_node(
    galera: PrivateGalera,
    nodes: Sequence[Database],
    store: DirectoryStore,
    add: Adding,
    delay: float,
) -> None:
    galera.lan.delay(delay)

    found = closings(nodes, store, add, PAIRS)

    show(f"close/{add.__name__} {delay * 1000:.0f} ms: {dict(found)}")
    assert found["late"] == 0, found


def test_without_the_written_row_messages_are_left_behind(
    galera: PrivateGalera, store: DirectoryStore
) -> None:
    """That the race is real, and what the row is for."""
    galera.lan.delay(0.005)
    bare = [Database(node.url("savctl_test"), is_cluster=False) for node in galera.nodes]

    found = merges(bare, store, message, 20)

    for each in bare:
        each.close()
    show(f"without the row: {dict(found)}")
    assert found["stranded"] > 0, found


@DELAYS
def test_no_accepted_reply_is_closed_over_by_the_job(
    galera: PrivateGalera, nodes: Sequence[Database], store: DirectoryStore, delay: float
) -> None:
    galera.lan.delay(delay)
    count = 2 * PAIRS
    tickets = [brought_to(nodes[HERE], system_clock, Status.RESOLVED) for _ in range(count)]
    write(nodes[HERE], "UPDATE support_tickets SET resolved_at = resolved_at - INTERVAL 3 DAY")
    report = BatchReport()
    replied: list[int] = []

    def job() -> None:
        later = SetClock(system_clock() + timedelta(days=3))
        terms = BatchContext(report=report, size=20)
        close_resolved(nodes[HERE], later, limits=ClosingLimits(), terms=terms)

    def replies() -> None:
        for ticket in tickets[::2]:
            with suppress(Refused):  # it is closed
                message(nodes[THERE], ticket, store)
                replied.append(ticket.id)

    with racers(nodes[:2]) as race:
        assert race(job, replies) == (True, True)

    ids = ", ".join(map(str, replied)) or "0"
    over = rows(
        nodes[HERE], f"SELECT id FROM support_tickets WHERE id IN ({ids}) AND status = 'closed'"
    )
    show(f"job/replies {delay * 1000:.0f} ms: {report.changed} closed, {len(replied)} replied")
    assert over == []
    assert report.failed == 0
    assert report.changed + len(replied) >= count / 2
