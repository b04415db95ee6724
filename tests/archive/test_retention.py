"""Seven years after their closing tickets go for good, hot and archived (rules 9.2, 9.5)."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.domain.age import Age
from savctl.errors import NeedsConfirmation
from savctl.persistence.archive.bundles import plan
from savctl.persistence.engine import Database
from savctl.persistence.unit_of_work import in_transaction
from savctl.ports import SetClock
from savctl.usecases.archive.cold_storage import ColdStorage
from savctl.usecases.archive.restore import restore_ticket
from savctl.usecases.archive.retention import remove_expired
from savctl.usecases.archive.verify import verify_archive
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.operation import Operation
from savctl.usecases.privacy.holds import hold_ticket
from tests.archive.support import (
    archive,
    archived_ids,
    hot_ids,
    key_of,
    lines_in,
    old_tickets,
    put_files,
)
from tests.conftest import Cli
from tests.given import NOW, SECOND, rows, snapshot, write

pytestmark = pytest.mark.each_database("rows are found by SQL")

SEVEN = Age(years=7)
LAPSED = NOW.replace(year=NOW.year - 7)
OF_TICKETS = ("savctl_outbox", "savctl_imports", "savctl_sla_breaches", "savctl_files")


def retain(database: Database, clock: SetClock, cold: ColdStorage, **terms: object) -> BatchReport:
    report = BatchReport(lists_changes=bool(terms.get("dry_run")))
    remove_expired(
        database,
        clock,
        cold,
        after=SEVEN,
        terms=BatchContext(report=report, **terms),  # type: ignore[arg-type]
    )
    return report


def purge_list(database: Database) -> set[str]:
    due = NOW.strftime("%Y-%m-%d %H:%M:%S")
    found = rows(database, "SELECT object_key, reason, due_at FROM savctl_purges")
    assert {row["reason"] for row in found} <= {"retention"}
    assert all(str(row["due_at"]) <= due + ".000000" for row in found), "due at once"
    return {row["object_key"] for row in found}


def test_hot_tickets_go_at_the_last_instant_of_seven_years_and_not_before(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    (over,) = old_tickets(database, 1, first=1, closed_at=LAPSED)
    (not_yet,) = old_tickets(database, 1, first=2, closed_at=LAPSED + SECOND)

    report = retain(database, clock, cold)

    assert hot_ids(database) == {not_yet}
    assert report.changed == 1
    stored = rows(database, "SELECT ticket_id FROM ticket_messages")
    assert {row["ticket_id"] for row in stored} == {not_yet}
    assert over not in archived_ids(database)


def test_a_leap_day_never_ends_the_promise_early() -> None:
    closed = NOW.replace(year=2020, month=2, day=29)

    assert SEVEN.after(closed) == closed.replace(year=2027, month=3, day=1)
    for now in (closed.replace(year=2028), closed.replace(year=2027, month=2, day=28)):
        assert SEVEN.before(now) >= closed.replace(year=now.year - 7, month=2, day=28)


def test_their_files_are_wanted_gone_at_once_in_the_same_transaction(
    database: Database, clock: SetClock, cold: ColdStorage, store: DirectoryStore
) -> None:
    ids = old_tickets(database, 10, closed_at=LAPSED)
    put_files(database, store)

    retain(database, clock, cold)

    assert purge_list(database) == {key_of(ids[9], 0), key_of(ids[9], 1)}


def test_archived_tickets_go_and_the_others_of_their_bundle_stay_as_they_were(
    database: Database, clock: SetClock, cold: ColdStorage, store: DirectoryStore
) -> None:
    over = old_tickets(database, 10, first=1, closed_at=LAPSED)
    kept = old_tickets(database, 10, first=11, closed_at=LAPSED + SECOND)
    put_files(database, store)
    archive(database, clock, cold)
    before = {line["ticket_id"]: line for line in lines_in(cold)}

    report = retain(database, clock, cold)

    assert report.changed == 10
    assert archived_ids(database) == set(kept)
    assert {line["ticket_id"]: line for line in lines_in(cold)} == {k: before[k] for k in kept}
    assert purge_list(database) == {key_of(over[9], 0), key_of(over[9], 1)}
    named = rows(database, "SELECT object_key FROM savctl_archived_files")
    assert {row["object_key"] for row in named} == {key_of(kept[9], 0), key_of(kept[9], 1)}
    assert [one.problem for one in verify_archive(database, cold)] == [None]
    assert sum(1 for _ in store.versions("archive/")) == 2, "no old version is left"
    restore_ticket(Operation(database, clock, actor=5), cold, kept[0])
    assert hot_ids(database) == {kept[0]}


@pytest.mark.parametrize("is_archived", [False, True], ids=["hot", "archived"])
def test_an_object_elsewhere_that_a_record_names_is_left_alone_and_reported(
    database: Database, clock: SetClock, cold: ColdStorage, is_archived: bool
) -> None:
    (kept,) = old_tickets(database, 1)
    archive(database, clock, cold)
    (bundle,) = cold.objects()
    (over,) = old_tickets(database, 1, first=2, closed_at=LAPSED, attachments_each=1)
    first = "SELECT MIN(id) AS id FROM ticket_attachments"
    write(
        database,
        f"UPDATE ticket_attachments SET file_path = '{bundle.key}' "
        f"WHERE id = {rows(database, first)[0]['id']}",
    )
    if is_archived:
        archive(database, clock, cold)

    report = retain(database, clock, cold)

    assert (report.changed, archived_ids(database)) == (1, {kept})
    assert purge_list(database) == {key_of(over, 1)}
    assert f"its object '{bundle.key}' is not where files of tickets are: left alone" in str(
        report.items[0].reason
    )


def test_a_bundle_whose_tickets_are_all_over_goes_whole_even_a_damaged_one(
    database: Database, clock: SetClock, cold: ColdStorage, store: DirectoryStore
) -> None:
    old_tickets(database, 10, closed_at=LAPSED)
    archive(database, clock, cold)
    (bundle,) = cold.objects()
    cold.write(bundle.key, [b"damaged"])

    retain(database, clock, cold)

    assert archived_ids(database) == set()
    assert list(store.versions("archive/")) == []
    assert rows(database, "SELECT id FROM savctl_archive_bundles") == []


def test_the_copy_in_the_bundle_goes_with_a_ticket_that_was_restored(
    database: Database, clock: SetClock, cold: ColdStorage, store: DirectoryStore
) -> None:
    over, other = old_tickets(database, 2, closed_at=LAPSED)
    write(
        database,
        f"UPDATE support_tickets SET closed_at = '2024-01-01 00:00:00' WHERE id = {other}",
    )
    archive(database, clock, cold)
    restore_ticket(Operation(database, clock, actor=5), cold, over)

    retain(database, clock, cold)

    assert hot_ids(database) == set()
    assert [line["ticket_id"] for line in lines_in(cold)] == [other]
    assert sum(1 for _ in store.versions("archive/")) == 2


def test_what_a_killed_run_wrote_in_place_of_a_bundle_goes_with_the_next_run(
    database: Database, clock: SetClock, cold: ColdStorage, store: DirectoryStore
) -> None:
    kept = old_tickets(database, 3)
    archive(database, clock, cold)
    (bundle,) = cold.objects()
    copied, key = list(cold.lines(bundle.key)), cold.new_key(clock())
    (known,) = rows(database, "SELECT id FROM savctl_archive_bundles")
    in_transaction(
        database,
        lambda uow: plan(uow.connection, key, kept, at=clock(), run_id=None, replaces=known["id"]),
    )
    cold.write(key, copied)

    retain(database, clock, cold)

    assert [one.key for one in cold.objects()] == [bundle.key]
    assert rows(database, "SELECT * FROM savctl_archive_copies") == []
    assert rows(database, "SELECT id FROM savctl_archive_bundles") == [known]


def test_own_tables_forget_them_and_the_audit_keeps_a_proof_without_words(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    over, kept = (
        old_tickets(database, 1, closed_at=LAPSED)[0],
        old_tickets(database, 1, first=2)[0],
    )
    for one in (over, kept):
        write(
            database,
            "INSERT INTO savctl_outbox (event_id, event, routing_key, ticket_id, envelope, "
            f"occurred_at) VALUES ('e{one}', 'TicketCreated', 'k', {one}, '{{}}', '2020-01-01')",
        )
        write(database, f"INSERT INTO savctl_imports VALUES ('s', 'x{one}', {one})")
        write(
            database,
            "INSERT INTO savctl_sla_breaches (ticket_id, side, at, found_at, priority, "
            f"expected_minutes, actual_minutes) VALUES ({one}, 'response', '2020-01-01', "
            "'2020-01-01', 'low', 1, 2)",
        )

    retain(database, clock, cold)

    for table in OF_TICKETS[:3]:
        found = rows(database, f"SELECT ticket_id FROM {table}")
        assert [row["ticket_id"] for row in found] == [kept], table
    (proof,) = rows(database, "SELECT entry FROM savctl_audit WHERE action = 'retention'")
    assert json.loads(proof["entry"]) == {"tickets": 1, "files": 0, "ids": [over]}


def test_a_legal_hold_keeps_it_and_is_reported(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    held, _ = old_tickets(database, 2, closed_at=LAPSED)
    hold_ticket(Operation(database, clock, actor=5), held, reason="case 4711")

    report = retain(database, clock, cold)

    assert hot_ids(database) == {held}
    assert [(item.id, str(item.outcome)) for item in report.items] == [(held, "skipped")]
    assert "legal hold" in str(report.items[0].reason)


def test_a_dry_run_shows_both_kinds_and_changes_nothing(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    archived = old_tickets(database, 2, closed_at=LAPSED)
    archive(database, clock, cold)
    hot = old_tickets(database, 2, first=3, closed_at=LAPSED)
    before = snapshot(database)

    report = retain(database, clock, cold, dry_run=True)

    assert [item.id for item in report.items] == [*hot, *archived]
    assert snapshot(database) == before


def test_a_hold_in_metadata_that_cannot_be_read_is_respected_by_archive_and_retention(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    old_tickets(database, 2, closed_at=LAPSED)
    write(database, """UPDATE support_tickets SET metadata = '[{"legal_hold": 1}]' WHERE id = 1""")

    archived, removed = archive(database, clock, cold), retain(database, clock, cold)

    assert (archived.skipped, removed.skipped) == (1, 1)
    assert (hot_ids(database), archived_ids(database)) == ({1}, set())


def test_a_bundle_that_is_not_where_it_is_looked_for_does_not_count_as_removed(
    database: Database, clock: SetClock, cold: ColdStorage, tmp_path: Path
) -> None:
    old_tickets(database, 2, closed_at=LAPSED)
    archive(database, clock, cold)
    before = snapshot(database)

    with closing(DirectoryStore(tmp_path / "not mounted", clock)) as store:
        report = retain(database, clock, ColdStorage(store, cold.prefix))

    assert (report.changed, report.failed) == (0, 1)
    assert "is not in" in str(report.items[0].reason)
    assert snapshot(database) == before
    assert retain(database, clock, cold).changed == 2
    assert list(cold.objects()) == []


def test_the_first_big_run_waits_for_a_persons_word(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    old_tickets(database, 2, closed_at=LAPSED)
    archive(database, clock, cold)
    old_tickets(database, 2, first=3, closed_at=LAPSED)
    terms = BatchContext(report=BatchReport())

    with pytest.raises(NeedsConfirmation, match="more than 3"):
        remove_expired(database, clock, cold, after=SEVEN, terms=terms, brake=3)

    assert (len(hot_ids(database)), len(archived_ids(database))) == (2, 2)
    remove_expired(database, clock, cold, after=SEVEN, terms=terms, brake=4)
    assert (hot_ids(database), archived_ids(database)) == (set(), set())


def test_the_job_runs_by_its_name(cli: Cli, database: Database) -> None:
    old_tickets(database, 1, closed_at=LAPSED)

    outcome = cli("job", "run", "retention", "-o", "json")

    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["changed"] == 1
