"""One ticket of a backup comes back: what is missing, what was changed, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.domain.backup.ticket_difference import RowChange
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.privacy.erasure import PersonErased
from savctl.errors import NotFound
from savctl.persistence.engine import Database
from savctl.persistence.privacy.erasure.keys import made_keys
from savctl.persistence.privacy.erasure.suppressions import suppress
from savctl.ports import SetClock
from savctl.usecases.backup.one_ticket import TicketInTheWay, TicketOfBackup, restore_ticket_rows
from savctl.usecases.database.integrity import CheckOptions, check_integrity
from savctl.usecases.operation import Operation
from savctl.usecases.privacy.holds import hold_ticket
from savctl.usecases.tickets.assignment import assign_ticket
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.transitions import close_ticket, move_ticket
from tests.backup.restore.scratch import scratch_of
from tests.given import (
    AGENT,
    BOSS,
    CUSTOMER,
    SECOND,
    attached,
    brought_to,
    created,
    rows,
    snapshot,
    write,
)

pytestmark = pytest.mark.each_database("rows come back as the columns hold them")
TABLES = ("support_tickets", "ticket_messages", "ticket_attachments", "savctl_files")
Restore = Callable[..., TicketOfBackup]
REASON = "restored from backup b1"


@pytest.fixture
def store(tmp_path: Path, clock: SetClock) -> Iterator[DirectoryStore]:
    found = DirectoryStore(tmp_path / "files", clock)
    yield found
    found.close()


@pytest.fixture
def ticket(database: Database, clock: SetClock, store: DirectoryStore) -> Ticket:
    """A ticket with a conversation and a file."""
    found = brought_to(database, clock, Status.IN_PROGRESS, subject="Lost parcel 🐌")
    for sender, text in (
        (("customer", CUSTOMER), "Where is it?"),
        (("agent", AGENT), "On its way."),
    ):
        add_message(Operation(database, clock), found.id, sender=sender, body=text)
    attached(database, store, found.id, ("slip.pdf", b"%PDF-1.4 slip"), clock=clock)
    return found


@pytest.fixture
def backup(
    database: Database, ticket: Ticket, clock: SetClock, tmp_path: Path
) -> Iterator[Restore]:
    """The database as it is now is the backup; answers what restores a ticket out of it."""
    scratch = scratch_of(database, tmp_path)
    clock.advance(SECOND)

    def restore(ref: str | int = ticket.id, *, dry_run: bool = False) -> TicketOfBackup:
        op = Operation(database, clock, actor=BOSS, dry_run=dry_run)
        return restore_ticket_rows(op, scratch, "b1", ref)

    yield restore
    scratch.close()


def _lost(database: Database, ticket: Ticket) -> None:
    """Somebody deletes it past all rules."""
    write(database, f"DELETE FROM savctl_files WHERE ticket_id = {ticket.id}")
    write(database, f"DELETE FROM ticket_attachments WHERE ticket_id = {ticket.id}")
    write(database, f"DELETE FROM ticket_messages WHERE ticket_id = {ticket.id}")
    write(database, f"DELETE FROM support_tickets WHERE id = {ticket.id}")


def _entries(database: Database, ticket: Ticket) -> list[tuple[object, ...]]:
    (row,) = rows(database, f"SELECT metadata FROM support_tickets WHERE id = {ticket.id}")
    history = Metadata.read(row["metadata"]).history
    return [(e.action, e.actor, e.before, e.after, e.reason) for e in history]


def _problems(database: Database, clock: SetClock) -> list[str]:
    report = check_integrity(database, clock, terms=CheckOptions())
    return sorted(report.findings)


def test_a_deleted_ticket_comes_back_row_for_row(
    database: Database, clock: SetClock, ticket: Ticket, backup: Restore
) -> None:
    before = snapshot(database)
    _lost(database, ticket)

    done = backup(ticket.ticket_number.lower())

    after = snapshot(database)
    assert (done.was_missing, done.is_changed, done.previous_status) == (True, True, None)
    assert {found.change for found in done.differences} == {RowChange.MISSING}
    assert [after[name] for name in TABLES[1:]] == [before[name] for name in TABLES[1:]]
    (old,), (new,) = before["support_tickets"], after["support_tickets"]
    assert [value for value in new if value not in old] == [
        value for value in new if "restored from backup b1" in str(value)
    ]
    assert _entries(database, ticket)[-1] == ("restored", BOSS, None, None, REASON)
    assert after["savctl_outbox"] == before["savctl_outbox"]
    assert _problems(database, clock) == []


def test_a_dry_run_shows_the_difference_and_stores_nothing(
    database: Database, ticket: Ticket, backup: Restore
) -> None:
    write(database, "UPDATE ticket_messages SET message = 'gone' WHERE sender_type = 'agent'")
    before = snapshot(database)

    done = backup(dry_run=True)

    (found,) = done.differences
    assert (found.table, found.change) == ("ticket_messages", RowChange.CHANGED)
    assert found.columns == {"message": ("gone", "On its way.")}
    assert snapshot(database) == before


def test_what_was_changed_is_put_back_and_newer_rows_stay(
    database: Database, clock: SetClock, ticket: Ticket, backup: Restore
) -> None:
    before = snapshot(database)
    add_message(Operation(database, clock), ticket.id, sender=("agent", AGENT), body="Newer.")
    write(database, "UPDATE support_tickets SET subject = 'x', user_id = 999, category = 'y'")
    write(database, "UPDATE ticket_messages SET is_internal = 1 WHERE message = 'On its way.'")
    write(database, "DELETE FROM ticket_attachments")

    done = backup()

    after = snapshot(database)
    changes = {(found.table, found.change) for found in done.differences}
    assert ("ticket_messages", RowChange.NEWER) in changes
    assert ("ticket_attachments", RowChange.MISSING) in changes
    assert after["ticket_attachments"] == before["ticket_attachments"]
    assert after["ticket_messages"][:-1] == before["ticket_messages"]
    (row,) = rows(database, "SELECT subject, user_id, category FROM support_tickets")
    assert row == {"subject": ticket.subject, "user_id": CUSTOMER, "category": None}
    assert _problems(database, clock) == []


def test_nothing_is_written_for_a_ticket_that_is_as_it_was(
    database: Database, backup: Restore
) -> None:
    before = snapshot(database)

    done = backup()

    assert (done.is_changed, done.differences) == (False, ())
    assert snapshot(database) == before


def test_another_status_is_left_with_an_event_and_an_unbroken_history(
    database: Database, clock: SetClock, ticket: Ticket, backup: Restore
) -> None:
    move_ticket(Operation(database, clock, actor=AGENT), ticket.id, Status.RESOLVED)
    events = len(snapshot(database)["savctl_outbox"])
    clock.advance(SECOND)

    done = backup()

    assert (done.previous_status, done.status) == ("resolved", "in_progress")
    assert _entries(database, ticket)[-2:] == [
        ("status", BOSS, "resolved", "in_progress", REASON),
        ("restored", BOSS, None, None, REASON),
    ]
    sent = rows(database, "SELECT event, envelope FROM savctl_outbox ORDER BY id")[events:]
    assert [row["event"] for row in sent] == ["TicketStatusChanged"]
    payload = json.loads(sent[0]["envelope"])["data"]
    assert payload["changed_by"] == BOSS
    assert payload["reason"] == REASON
    assert _problems(database, clock) == []


def test_a_status_to_which_no_arrow_leads_is_restored_all_the_same(
    database: Database, clock: SetClock, tmp_path: Path
) -> None:
    ticket = created(database, clock)
    scratch = scratch_of(database, tmp_path)
    assign_ticket(Operation(database, clock, actor=BOSS), ticket.id, to=AGENT)
    move_ticket(Operation(database, clock, actor=AGENT), ticket.id, Status.RESOLVED)
    clock.advance(SECOND)

    done = restore_ticket_rows(Operation(database, clock, actor=BOSS), scratch, "b1", ticket.id)

    scratch.close()
    assert (done.previous_status, done.status) == ("resolved", "open")
    assert _problems(database, clock) == []


def test_a_ticket_that_was_deleted_after_it_moved_on_keeps_what_happened(
    database: Database, clock: SetClock, ticket: Ticket, backup: Restore
) -> None:
    move_ticket(Operation(database, clock, actor=AGENT), ticket.id, Status.RESOLVED)
    _lost(database, ticket)
    clock.advance(SECOND)

    done = backup()

    assert (done.previous_status, done.status) == ("resolved", "in_progress")
    assert ("status", AGENT, "in_progress", "resolved", None) in _entries(database, ticket)
    assert _problems(database, clock) == []


def test_a_closed_ticket_stays_closed(
    database: Database, clock: SetClock, ticket: Ticket, backup: Restore
) -> None:
    move_ticket(Operation(database, clock, actor=AGENT), ticket.id, Status.RESOLVED)
    close_ticket(Operation(database, clock, actor=BOSS), ticket.id, reason="done")
    write(database, "UPDATE support_tickets SET subject = 'x'")
    events = snapshot(database)["savctl_outbox"]

    done = backup()

    assert (done.keeps_closed, done.status, done.previous_status) == (True, "closed", None)
    (row,) = rows(database, "SELECT status, subject, closed_at FROM support_tickets")
    assert (row["status"], row["subject"]) == ("closed", ticket.subject)
    assert row["closed_at"] is not None
    assert snapshot(database)["savctl_outbox"] == events
    assert _problems(database, clock) == []


def test_a_legal_hold_that_is_newer_stays(
    database: Database, clock: SetClock, ticket: Ticket, backup: Restore
) -> None:
    hold_ticket(Operation(database, clock, actor=BOSS), ticket.id, reason="court")
    clock.advance(SECOND)

    backup()

    (row,) = rows(database, "SELECT metadata FROM support_tickets")
    assert "legal_hold" in Metadata.read(row["metadata"])


@pytest.mark.parametrize("column", ["id", "number"])
def test_an_id_or_number_that_is_another_tickets_now_is_refused(
    database: Database, clock: SetClock, ticket: Ticket, backup: Restore, column: str
) -> None:
    _lost(database, ticket)
    other = created(database, clock)
    new_id = ticket.id if column == "id" else other.id
    number = ticket.ticket_number if column == "number" else "TKT-OTHER"
    write(
        database,
        f"UPDATE support_tickets SET id = {new_id}, ticket_number = '{number}'",
    )
    before = snapshot(database)

    with pytest.raises(TicketInTheWay, match="in use by something else"):
        backup()

    assert snapshot(database) == before


def test_a_message_that_another_ticket_has_now_is_refused(
    database: Database, clock: SetClock, ticket: Ticket, backup: Restore
) -> None:
    other = created(database, clock)
    write(
        database,
        f"UPDATE ticket_messages SET ticket_id = {other.id} WHERE message = 'On its way.'",
    )
    before = snapshot(database)

    with pytest.raises(TicketInTheWay, match=r"ticket_messages\.id"):
        backup()

    assert snapshot(database) == before


def test_an_erased_persons_ticket_is_refused(
    database: Database, clock: SetClock, ticket: Ticket, backup: Restore
) -> None:
    _lost(database, ticket)

    def erase(connection: Any) -> None:
        keys = made_keys(connection, None)
        person = keys.pseudonym(CUSTOMER)
        suppress(connection, person, key_id=keys.current, erasure_id="er-1", at=clock())

    database.transaction(erase)
    before = snapshot(database)

    with pytest.raises(PersonErased, match="was erased"):
        backup()

    assert snapshot(database) == before


def test_a_ticket_that_the_backup_lacks_is_not_found(backup: Restore) -> None:
    with pytest.raises(NotFound, match="backup b1 has no ticket TKT-NONE"):
        backup("TKT-NONE")
