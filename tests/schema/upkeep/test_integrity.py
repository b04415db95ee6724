"""`db check`: broken data is found and named; what is safe is put right, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.connections.waits import Waits
from savctl.persistence.engine import Database
from savctl.persistence.tickets.tickets import Tickets
from savctl.ports import SetClock
from savctl.usecases.database.integrity import CheckOptions, CheckReport, check_integrity
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.assignment import assign_ticket, unassign_ticket
from savctl.usecases.tickets.transitions import close_ticket, move_ticket
from tests.given import AGENT, BOSS, brought_to, created, rows, snapshot, write

FIX = CheckOptions(fix=True, by=BOSS)
HOUR = timedelta(hours=1)


def counts(report: CheckReport) -> dict[str, int]:
    return {check: finding.count for check, finding in report.findings.items()}


def check(database: Database, clock: SetClock, terms: CheckOptions | None = None) -> CheckReport:
    return check_integrity(database, clock, terms=terms or CheckOptions())


def long_life(database: Database, clock: SetClock) -> int:
    """A ticket that was assigned, waited, was resolved, reopened, resolved again and closed."""
    ticket_id = brought_to(database, clock, Status.WAITING_CUSTOMER).id
    for status in (Status.IN_PROGRESS, Status.RESOLVED, Status.IN_PROGRESS, Status.RESOLVED):
        clock.advance(HOUR)
        move_ticket(Operation(database, clock, actor=AGENT), ticket_id, status)
    clock.advance(HOUR)
    close_ticket(Operation(database, clock, actor=None), ticket_id, reason="confirmed")
    return ticket_id


def history_of(database: Database, ticket_id: int) -> list[dict[str, object]]:
    found = rows(database, f"SELECT metadata FROM support_tickets WHERE id = {ticket_id}")
    return json.loads(found[0]["metadata"])["history"]  # type: ignore[no-any-return]


def set_metadata(database: Database, ticket_id: int, value: object) -> None:
    text = json.dumps(value).replace("'", "''").replace("%", "%%")
    write(database, f"UPDATE support_tickets SET metadata = '{text}' WHERE id = {ticket_id}")


def test_what_savctl_wrote_is_fine(database: Database, clock: SetClock) -> None:
    for status in Status:
        brought_to(database, clock, status)
    long_life(database, clock)
    again = brought_to(database, clock, Status.IN_PROGRESS).id
    unassign_ticket(Operation(database, clock, actor=AGENT), again, reason="on leave")

    report = check(database, clock)

    assert counts(report) == {}
    assert (report.tickets, report.is_broken) == (7, False)


def test_tickets_of_another_program_are_fine(database: Database, clock: SetClock) -> None:
    for number, (status, agent, resolved, closed) in enumerate(
        [
            ("open", "NULL", "NULL", "NULL"),
            ("in_progress", "10", "NULL", "NULL"),
            ("resolved", "10", "'2025-10-02 10:00:00'", "NULL"),
            ("closed", "10", "'2025-10-02 10:00:00'", "'2025-10-03 10:00:00'"),
            ("closed", "NULL", "NULL", "'2025-10-03 10:00:00'"),
        ]
    ):
        write(
            database,
            "INSERT INTO support_tickets (ticket_number, user_id, subject, description, status, "
            "assigned_to, metadata, resolved_at, closed_at, created_at, updated_at) VALUES "
            f"('TKT-{number}', 456, 'S', 'D', '{status}', {agent}, '[]', {resolved}, {closed}, "
            "'2025-10-01 10:00:00', '2025-10-03 10:00:00')",
        )
    first = rows(database, "SELECT id FROM support_tickets ORDER BY id")[0]["id"]
    assign_ticket(Operation(database, clock, actor=BOSS), first, to=AGENT)

    report = check(database, clock)

    assert {f.invariant.id for f in report.ordered() if f.is_open} == set()


BROKEN = [
    (Status.IN_PROGRESS, "assigned_to = NULL", {"agent-missing"}),
    (Status.WAITING_CUSTOMER, "assigned_to = NULL", {"agent-missing-waiting"}),
    (Status.OPEN, "assigned_to = 10", {"agent-on-open"}),
    (Status.RESOLVED, "resolved_at = NULL", {"resolved-at-missing"}),
    (Status.IN_PROGRESS, "resolved_at = created_at", {"resolved-at-left"}),
    (Status.CLOSED, "closed_at = NULL", {"closed-at-missing"}),
    (Status.CLOSED, "resolved_at = created_at", {"resolved-at-left"}),
    (Status.OPEN, "closed_at = created_at", {"closed-at-left"}),
    (Status.OPEN, "updated_at = '2030-01-01 00:00:00'", {"time-in-future"}),
    (Status.IN_PROGRESS, "status = 'waiting_customer'", {"history-end"}),
    (Status.RESOLVED, "metadata = NULL", {"audit-lost"}),
    (Status.OPEN, "metadata = '[\"free\"]'", {"metadata-unreadable", "audit-lost"}),
]


@pytest.mark.parametrize(("status", "change", "expected"), BROKEN)
def test_a_broken_ticket_is_found_and_named(
    database: Database, clock: SetClock, status: Status, change: str, expected: set[str]
) -> None:
    created(database, clock)
    ticket = brought_to(database, clock, status)
    write(database, f"UPDATE support_tickets SET {change} WHERE id = {ticket.id}")

    report = check(database, clock)

    assert set(counts(report)) == expected
    example = next(iter(report.findings.values())).sample[0]
    assert (example.id, example.ticket_number) == (ticket.id, ticket.ticket_number)


def test_a_warning_leaves_the_check_fine(database: Database, clock: SetClock) -> None:
    ticket = created(database, clock)
    write(database, f"UPDATE support_tickets SET assigned_to = 10 WHERE id = {ticket.id}")

    assert not check(database, clock).is_broken


def test_an_empty_php_array_is_no_broken_metadata(database: Database, clock: SetClock) -> None:
    ticket = created(database, clock)
    for empty in ("[]", "null"):
        write(database, f"UPDATE support_tickets SET metadata = '{empty}' WHERE id = {ticket.id}")

        assert set(counts(check(database, clock))) == {"audit-lost"}


def test_a_broken_chain_and_a_history_that_runs_backwards_are_found(
    database: Database, clock: SetClock
) -> None:
    ticket_id = long_life(database, clock)
    entries = history_of(database, ticket_id)
    moved = [entry for entry in entries if entry["to"] != "waiting_customer"]

    set_metadata(database, ticket_id, {"history": moved})
    assert {"history-broken", "audit-lost"} == set(counts(check(database, clock)))

    set_metadata(database, ticket_id, {"history": list(reversed(entries))})
    assert {"history-broken", "history-end", "history-order"} == set(
        counts(check(database, clock))
    )


def test_fix_puts_lost_entries_back_where_they_were(database: Database, clock: SetClock) -> None:
    ticket_id = long_life(database, clock)
    before = history_of(database, ticket_id)
    kept = {"tags": ["livraison"], "history": [before[2], {"note": "by another"}, before[5]]}
    set_metadata(database, ticket_id, kept)

    report = check(database, clock, FIX)

    after = history_of(database, ticket_id)
    assert [entry for entry in after if "note" not in entry] == before
    assert after.index({"note": "by another"}) == 3
    assert not report.is_broken
    assert not check(database, clock).is_broken
    stored = rows(database, f"SELECT metadata FROM support_tickets WHERE id = {ticket_id}")
    assert json.loads(stored[0]["metadata"])["tags"] == ["livraison"]


def test_fix_keeps_unreadable_metadata_and_the_history(
    database: Database, clock: SetClock
) -> None:
    ticket_id = long_life(database, clock)
    before = history_of(database, ticket_id)
    set_metadata(database, ticket_id, ["not", "an", "object"])

    check(database, clock, FIX)

    stored = rows(database, f"SELECT metadata FROM support_tickets WHERE id = {ticket_id}")
    metadata = json.loads(stored[0]["metadata"])
    assert json.loads(metadata["unreadable"]) == ["not", "an", "object"]
    assert metadata["history"] == before
    assert counts(check(database, clock)) == {}


def test_fix_sets_stamps_to_what_the_history_proves(database: Database, clock: SetClock) -> None:
    ticket_id = long_life(database, clock)
    columns = "resolved_at, closed_at, updated_at"
    query = f"SELECT {columns} FROM support_tickets WHERE id = {ticket_id}"
    before = rows(database, query)
    working = brought_to(database, clock, Status.IN_PROGRESS).id
    clear = "UPDATE support_tickets SET resolved_at = NULL, closed_at = NULL"
    write(database, f"{clear} WHERE id = {ticket_id}")
    write(database, f"UPDATE support_tickets SET closed_at = created_at WHERE id = {working}")

    report = check(database, clock, FIX)

    assert rows(database, query) == before
    assert rows(database, f"SELECT closed_at FROM support_tickets WHERE id = {working}") == [
        {"closed_at": None}
    ]
    assert not report.is_broken
    assert {f.invariant.id: f.repaired for f in report.ordered()} == {
        "resolved-at-missing": 1,
        "closed-at-missing": 1,
        "closed-at-left": 1,
    }


def test_fix_notes_what_it_did_with_the_old_values(database: Database, clock: SetClock) -> None:
    ticket = brought_to(database, clock, Status.IN_PROGRESS)
    write(database, f"UPDATE support_tickets SET resolved_at = created_at WHERE id = {ticket.id}")

    check(database, clock, FIX)

    notes = rows(database, "SELECT actor, entry FROM savctl_audit WHERE action = 'repaired'")
    assert [note["actor"] for note in notes] == [BOSS]
    assert json.loads(notes[0]["entry"]) == {
        "ticket_id": ticket.id,
        "repairs": [{"check": "resolved-at-left", "from": "2025-10-03T10:30:00Z", "to": None}],
    }


def test_fix_does_not_touch_what_only_a_person_can_decide(
    database: Database, clock: SetClock
) -> None:
    for status, change, _ in (BROKEN[i] for i in (0, 1, 2, 8, 9)):
        ticket = brought_to(database, clock, status)
        write(database, f"UPDATE support_tickets SET {change} WHERE id = {ticket.id}")
    before = snapshot(database)

    report = check(database, clock, FIX)

    assert report.is_broken
    assert [f.repaired for f in report.ordered()] == [0] * len(report.findings)
    changed = {name for name, found in snapshot(database).items() if found != before[name]}
    assert changed == set()


def test_a_dry_run_shows_the_repairs_and_changes_nothing(
    database: Database, clock: SetClock
) -> None:
    ticket_id = long_life(database, clock)
    write(database, f"UPDATE support_tickets SET metadata = NULL WHERE id = {ticket_id}")
    before = snapshot(database)

    report = check(database, clock, CheckOptions(fix=True, dry_run=True))

    assert report.findings["audit-lost"].repaired == 1
    assert report.is_broken
    assert snapshot(database) == before


def test_fixing_twice_finds_nothing_more(database: Database, clock: SetClock) -> None:
    ids = [long_life(database, clock) for _ in range(3)]
    write(database, f"UPDATE support_tickets SET metadata = NULL WHERE id = {ids[1]}")

    first = check(database, clock, CheckOptions(fix=True, page=1))
    second = check(database, clock, CheckOptions(fix=True, page=2))

    assert (counts(first), counts(second)) == ({"audit-lost": 1}, {})


def test_entries_that_the_audit_lacks_are_reported_and_left(
    database: Database, clock: SetClock
) -> None:
    brought_to(database, clock, Status.IN_PROGRESS)
    write(database, "DELETE FROM savctl_audit WHERE action = 'assigned'")

    report = check(database, clock, FIX)

    assert counts(report) == {"audit-unknown": 1, "event-without-audit": 1}
    assert report.findings["audit-unknown"].repaired == 0
    assert rows(database, "SELECT id FROM savctl_audit WHERE action = 'assigned'") == []


def test_a_value_that_no_command_can_read_does_not_end_the_check(
    database: Database, clock: SetClock
) -> None:
    ticket, other = created(database, clock), brought_to(database, clock, Status.IN_PROGRESS)
    _without_checks(database, f"UPDATE support_tickets SET status = '' WHERE id = {ticket.id}")
    write(database, f"UPDATE support_tickets SET assigned_to = NULL WHERE id = {other.id}")

    report = check(database, clock)

    assert counts(report) == {"value-unknown": 1, "agent-missing": 1}


def test_rows_that_belong_to_nothing_are_found(database: Database, clock: SetClock) -> None:
    kept, gone = created(database, clock), created(database, clock)
    _without_checks(
        database,
        _message(1, kept.id),
        _message(2, gone.id),
        _attachment(1, kept.id, 1),
        _attachment(2, gone.id, "NULL"),
        _attachment(3, kept.id, 99),
        _attachment(4, kept.id, 2),
        f"DELETE FROM support_tickets WHERE id = {gone.id}",
    )

    report = check(database, clock)

    assert counts(report) == {
        "orphan-message": 1,
        "orphan-attachment": 2,
        "attachment-elsewhere": 1,
        "audit-of-gone-ticket": 1,
        "event-of-gone-ticket": 1,
    }
    assert report.findings["orphan-message"].sample[0].detail == f"ticket_id {gone.id}"


def test_an_attachment_that_names_no_object_of_a_ticket_is_a_warning(
    database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)
    write(database, _attachment(1, ticket.id, "NULL", key="archive/all.zst"))
    write(database, _attachment(2, ticket.id, "NULL"))

    report = check(database, clock)

    assert counts(report) == {"attachment-path": 1}
    assert not report.is_broken
    (example,) = report.findings["attachment-path"].sample
    assert "archive/all.zst" in example.detail


def test_the_samples_are_bounded_and_the_counts_are_not(
    database: Database, clock: SetClock
) -> None:
    for _ in range(25):
        created(database, clock)
    write(database, "UPDATE support_tickets SET status = 'in_progress'")

    report = check(database, clock, CheckOptions(page=7))

    assert report.findings["agent-missing"].count == 25
    assert len(report.findings["agent-missing"].sample) == 20


def test_a_check_that_is_asked_to_stop_says_so(database: Database, clock: SetClock) -> None:
    created(database, clock)

    report = check(database, clock, CheckOptions(should_stop=lambda: True))

    assert report.stopped


def test_numbers_that_differ_in_case_only_are_found_on_sqlite(
    database: Database, clock: SetClock
) -> None:
    if not database.is_sqlite:
        pytest.skip("the collation of a server forbids such numbers")
    number = created(database, clock).ticket_number
    other = created(database, clock)
    write(database, "DROP TABLE IF EXISTS copied")
    _rebuild_without_collation(database)
    write(
        database,
        f"UPDATE support_tickets SET ticket_number = '{number.lower()}' WHERE id = {other.id}",
    )

    assert counts(check(database, clock)) == {"number-twice": 1}


@pytest.mark.slow("waits for a lock")
def test_the_repair_waits_for_whoever_holds_the_ticket(
    database: Database, clock: SetClock
) -> None:
    ticket_id = long_life(database, clock)
    write(database, f"UPDATE support_tickets SET metadata = NULL WHERE id = {ticket_id}")
    if database.is_sqlite:
        pytest.skip("one writer at a time: the lock is the file's")
    with database.connection() as connection:
        Tickets(connection).lock(ticket_id)
        impatient = Database(
            database.url.render_as_string(hide_password=False), waits=Waits(lock_wait_seconds=1)
        )

        with pytest.raises(Exception, match="busy"):
            check(impatient, clock, FIX)

        connection.rollback()
        impatient.close()
    assert not check(database, clock, FIX).is_broken


def _without_checks(database: Database, *statements: str) -> None:
    """What a careless program or a restored dump does: no checks, no foreign keys."""
    off, on = (
        ("PRAGMA foreign_keys=OFF", "PRAGMA foreign_keys=ON")
        if database.is_sqlite
        else ("SET SESSION foreign_key_checks=0, sql_mode=''", "SET SESSION foreign_key_checks=1")
    )
    with database.connection() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        cursor = raw.cursor()
        run: Iterable[str] = (off, "PRAGMA ignore_check_constraints=ON", *statements, on)
        for statement in run:
            if not statement.startswith("PRAGMA") or database.is_sqlite:
                cursor.execute(statement)
        raw.commit()
        connection.invalidate()


def _message(message_id: int, ticket_id: int) -> str:
    return (
        "INSERT INTO ticket_messages (id, ticket_id, sender_id, sender_type, message, created_at,"
        f" updated_at) VALUES ({message_id}, {ticket_id}, 456, 'customer', 'Hello', "
        "'2025-10-03 10:30:00', '2025-10-03 10:30:00')"
    )


def _attachment(
    attachment_id: int, ticket_id: int, message_id: int | str, key: str = "tickets/1/a.png"
) -> str:
    return (
        "INSERT INTO ticket_attachments (id, ticket_id, message_id, original_name, filename, "
        f"file_path, mime_type, file_size, created_at, updated_at) VALUES ({attachment_id}, "
        f"{ticket_id}, {message_id}, 'a.png', 'a.png', '{key}', 'image/png', 10, "
        "'2025-10-03 10:30:00', '2025-10-03 10:30:00')"
    )


def _rebuild_without_collation(database: Database) -> None:
    """An adopted file in which case counts."""
    with database.connection() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        cursor = raw.cursor()
        cursor.execute("PRAGMA foreign_keys=OFF")
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'support_tickets'")
        made = cursor.fetchone()[0].replace('COLLATE "NOCASE"', "").replace("COLLATE NOCASE", "")
        cursor.execute("PRAGMA legacy_alter_table=ON")
        cursor.execute("ALTER TABLE support_tickets RENAME TO old_tickets")
        cursor.execute(made)
        cursor.execute("INSERT INTO support_tickets SELECT * FROM old_tickets")
        cursor.execute("DROP TABLE old_tickets")
        raw.commit()
        connection.invalidate()
