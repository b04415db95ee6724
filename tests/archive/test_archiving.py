"""Old closed tickets go to cold storage, whole; all others stay (rules 9.1, 9.5)."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.domain.model.states import Status
from savctl.errors import NeedsConfirmation
from savctl.persistence.bulk import insert_rows
from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import support_tickets
from savctl.ports import SetClock
from savctl.usecases.archive import steps
from savctl.usecases.archive.archiving import archive_tickets
from savctl.usecases.archive.cold_storage import ColdStorage
from savctl.usecases.archive.restore import read_archived
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.operation import Operation
from savctl.usecases.privacy.holds import hold_ticket
from tests.archive.support import (
    LONG_AGO,
    YEAR,
    all_rows,
    archive,
    archived_ids,
    bundle_states,
    hot_ids,
    lines_in,
    old_tickets,
    put_files,
)
from tests.given import DAY, NOW, SECOND, brought_to, created, rows, snapshot, write


def test_tickets_closed_for_more_than_a_year_go_with_everything_and_all_others_stay(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    old = set(old_tickets(database, 25))
    (young,) = old_tickets(database, 1, first=100, closed_at=NOW - 300 * DAY)
    still_open = created(database, clock).id

    report = archive(database, clock, cold, bundle_tickets=10)

    assert hot_ids(database) == {young, still_open}
    assert archived_ids(database) == old
    assert (report.seen, report.changed, report.failed) == (25, 25, 0)
    assert bundle_states(database) == ["done"] * 3
    assert {line["ticket_id"] for line in lines_in(cold)} == old
    for table in ("ticket_messages", "ticket_attachments", "savctl_files"):
        assert {r["ticket_id"] for r in rows(database, f"SELECT ticket_id FROM {table}")} <= {
            young
        }


def test_the_year_is_a_calendar_year_and_must_be_over(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    exactly, over = NOW.replace(year=NOW.year - 1), NOW.replace(year=NOW.year - 1) - SECOND
    (stays,) = old_tickets(database, 1, first=1, closed_at=exactly)
    (goes,) = old_tickets(database, 1, first=2, closed_at=over)

    archive(database, clock, cold)

    assert (hot_ids(database), archived_ids(database)) == ({stays}, {goes})


def test_every_row_is_reported_in_the_bundle_value_for_value(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    ids = old_tickets(database, 20)
    before = all_rows(database)

    archive(database, clock, cold)

    for ticket_id in ids:
        whole = read_archived(database, cold, ticket_id).whole
        stored = before["support_tickets"][ticket_id]
        assert whole.ticket["metadata"] == stored["metadata"]
        assert whole.ticket["description"] == stored["description"]
        assert [m["id"] for m in whole.messages] == [
            row["id"]
            for row in before["ticket_messages"].values()
            if row["ticket_id"] == ticket_id
        ]


def test_attached_files_stay_in_the_bucket_and_are_still_known(
    database: Database, clock: SetClock, cold: ColdStorage, store: DirectoryStore
) -> None:
    old_tickets(database, 20)
    stored = put_files(database, store)
    keys = {row["file_path"] for row in rows(database, "SELECT file_path FROM ticket_attachments")}

    archive(database, clock, cold)

    known = rows(database, "SELECT object_key FROM savctl_archived_files")
    assert {row["object_key"] for row in known} == keys
    assert len(list(store.listing("tickets/"))) == stored == len(keys)


def test_what_is_under_legal_hold_stays_and_is_reported(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    held, other = old_tickets(database, 2)
    hold_ticket(Operation(database, clock, actor=5), held, reason="case 4711")

    report = archive(database, clock, cold)

    assert (hot_ids(database), archived_ids(database)) == ({held}, {other})
    assert [(item.id, item.outcome) for item in report.items] == [(held, "skipped")]
    assert "legal hold" in str(report.items[0].reason)


def test_a_deleted_file_is_purged_before_its_ticket_is_archived(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    (ticket,) = old_tickets(database, 1, attachments_each=1)
    write(database, "UPDATE savctl_files SET deleted_at = '2024-08-30 10:00:00.000000'")

    report = archive(database, clock, cold)

    assert hot_ids(database) == {ticket}
    assert "attachment-purge" in str(report.items[0].reason)


def test_a_ticket_that_another_program_refers_to_stays_and_is_reported(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    ours, theirs = old_tickets(database, 2)
    kind = "INTEGER" if database.is_sqlite else "BIGINT UNSIGNED"
    write(
        database,
        f"CREATE TABLE ratings (id {kind} PRIMARY KEY, ticket {kind}, FOREIGN KEY (ticket) "
        "REFERENCES support_tickets (id) ON DELETE CASCADE)",
    )
    try:
        write(database, f"INSERT INTO ratings VALUES (1, {theirs})")

        report = archive(database, clock, cold)

        assert (hot_ids(database), archived_ids(database)) == ({theirs}, {ours})
        assert "table ratings" in str(report.items[0].reason)
        assert len(rows(database, "SELECT id FROM ratings")) == 1
    finally:
        write(database, "DROP TABLE ratings")


def put_back(database: Database, row: dict[str, Any]) -> None:
    """A row out of a backup, as people do it."""
    database.transaction(
        lambda c: insert_rows(c, support_tickets, list(row), [tuple(row.values())])
    )


def test_an_archived_ticket_that_came_back_from_a_backup_stays_and_is_reported(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    same_id, same_number = old_tickets(database, 2)
    before = all_rows(database)["support_tickets"]
    archive(database, clock, cold)
    put_back(database, before[same_id])
    put_back(database, before[same_number] | {"id": 900})
    late = set(old_tickets(database, 2, first=3))

    report = archive(database, clock, cold)

    assert archived_ids(database) == {same_id, same_number, *late}
    assert [(item.id, str(item.outcome)) for item in report.items] == [
        (same_id, "skipped"),
        (900, "skipped"),
    ]
    assert all("archived already, and here again" in str(item.reason) for item in report.items)


def test_one_ticket_that_cannot_be_deleted_costs_itself_alone(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    bad, *others = old_tickets(database, 5)
    refuse = "CREATE TRIGGER no_delete BEFORE DELETE ON support_tickets FOR EACH ROW " + (
        f"WHEN OLD.id = {bad} BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        if database.is_sqlite
        else f"IF OLD.id = {bad} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = "
        "'not this one'; END IF"
    )
    write(database, refuse)
    try:
        report = archive(database, clock, cold)
    finally:
        write(database, "DROP TRIGGER no_delete")

    assert (hot_ids(database), archived_ids(database)) == ({bad}, set(others))
    assert [(item.id, str(item.outcome)) for item in report.items] == [(bad, "failed")]
    assert "not this one" in str(report.items[0].reason)
    assert {line["ticket_id"] for line in lines_in(cold)} == set(others)
    assert (bundle_states(database), report.seen) == (["done"], 5)


def test_tickets_that_find_no_room_come_with_the_next_bundle_and_none_is_reported_twice(
    database: Database, clock: SetClock, cold: ColdStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "BUNDLE_BYTES", 1)
    ids = old_tickets(database, 60)
    held = {ids[10], ids[50]}
    for one in held:
        hold_ticket(Operation(database, clock, actor=5), one, reason="case 4711")

    report = archive(database, clock, cold)

    assert len(bundle_states(database)) > 1
    assert (report.seen, report.changed, report.skipped) == (60, 58, 2)
    assert [item.id for item in report.items] == sorted(held)
    assert hot_ids(database) == held


def test_a_column_of_another_program_goes_and_comes_along(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    (ticket,) = old_tickets(database, 1)
    odd = "`50% off`" if database.is_sqlite else "`50%% off`"
    write(database, f"ALTER TABLE support_tickets ADD COLUMN {odd} VARCHAR(20)")
    try:
        write(database, f"UPDATE support_tickets SET {odd} = 'yes'")

        archive(database, clock, cold)

        assert read_archived(database, cold, ticket).whole.ticket["50% off"] == "yes"
    finally:
        write(database, f"ALTER TABLE support_tickets DROP COLUMN {odd}")


def test_a_dry_run_shows_what_would_go_and_changes_nothing(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    old_tickets(database, 5)
    before = snapshot(database)

    report = archive(database, clock, cold, dry_run=True)

    assert report.changed == 5
    assert report.items[0].ticket_number == "TKT-000001"
    assert snapshot(database) == before
    assert list(cold.objects()) == []


def test_the_first_big_run_waits_for_a_persons_word(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    old_tickets(database, 11)
    terms = BatchContext(report=BatchReport())

    with pytest.raises(NeedsConfirmation, match="more than 10"):
        archive_tickets(database, clock, cold, after=YEAR, terms=terms, brake=10)

    assert len(hot_ids(database)) == 11
    archive_tickets(database, clock, cold, after=YEAR, terms=terms, brake=11)
    assert hot_ids(database) == set()


def test_a_place_without_the_bundles_of_before_waits_for_a_persons_word(
    database: Database, clock: SetClock, cold: ColdStorage, tmp_path: Path
) -> None:
    old_tickets(database, 2)
    archive(database, clock, cold)
    late = set(old_tickets(database, 2, first=3))
    terms = BatchContext(report=BatchReport())

    with closing(DirectoryStore(tmp_path / "not mounted", clock)) as store:
        elsewhere = ColdStorage(store, cold.prefix)
        with pytest.raises(NeedsConfirmation, match=r"none of the newest bundles \(1\)"):
            archive_tickets(database, clock, elsewhere, after=YEAR, terms=terms, brake=10)
        assert (hot_ids(database), list(elsewhere.objects())) == (late, [])

    archive_tickets(database, clock, cold, after=YEAR, terms=terms, brake=10)
    assert hot_ids(database) == set()


def test_a_stop_ends_after_a_bundle_and_counts_the_rest(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    old_tickets(database, 30)
    seen: list[int] = []

    report = archive(
        database,
        clock,
        cold,
        bundle_tickets=10,
        on_batch=lambda r: seen.append(r.changed),
        should_stop=lambda: bool(seen),
    )

    assert (report.changed, report.left) == (10, 20)
    archive(database, clock, cold)
    assert hot_ids(database) == set()


def test_closed_without_a_date_is_reported_and_stays(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    (ticket,) = old_tickets(database, 1)
    write(database, "UPDATE support_tickets SET closed_at = NULL")

    report = archive(database, clock, cold)

    assert hot_ids(database) == {ticket}
    assert "closed_at" in str(report.items[0].reason)


def test_a_waiting_ticket_never_goes_however_old(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    ticket = brought_to(database, SetClock(LONG_AGO), Status.WAITING_CUSTOMER).id

    archive(database, clock, cold)

    assert hot_ids(database) == {ticket}
