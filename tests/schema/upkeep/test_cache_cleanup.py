"""Expired cache rows leave, all others stay."""

from __future__ import annotations

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.database.cache_cleanup import LOCK_GRACE, clean_caches
from tests.given import NOW, rows, write

AT = int(NOW.timestamp())
KEYS = "SELECT `key` AS k FROM {} ORDER BY 1"


def stored(database: Database, table: str, key: str, expiration: int) -> None:
    column = "value" if table == "cache" else "owner"
    write(
        database,
        f"INSERT INTO {table} (`key`, {column}, expiration) VALUES ('{key}', 'x', {expiration})",
    )


def keys(database: Database, table: str) -> list[str]:
    return [row["k"] for row in rows(database, KEYS.format(table))]


def test_what_has_expired_goes_and_what_has_not_stays(database: Database, clock: SetClock) -> None:
    grace = int(LOCK_GRACE.total_seconds())
    stored(database, "cache", "old", AT - 1)
    stored(database, "cache", "just over", AT)
    stored(database, "cache", "fresh", AT + 1)
    stored(database, "cache_locks", "old", AT - grace)
    stored(database, "cache_locks", "may still hold where clocks are late", AT - grace + 1)
    report = BatchReport()

    clean_caches(database, clock, terms=BatchContext(report=report))

    assert keys(database, "cache") == ["fresh"]
    assert keys(database, "cache_locks") == ["may still hold where clocks are late"]
    assert (report.seen, report.changed) == (3, 3)
    assert [(item.id, item.reason) for item in report.items] == [
        ("cache", "2 expired"),
        ("cache_locks", "1 expired"),
    ]


def test_many_go_in_batches_and_a_stop_leaves_the_rest(
    database: Database, clock: SetClock
) -> None:
    for number in range(25):
        stored(database, "cache", f"key-{number:02d}", AT - 1)
    report = BatchReport()
    stop_after_two = BatchContext(report=report, size=10, should_stop=lambda: report.seen >= 20)

    clean_caches(database, clock, terms=stop_after_two)

    assert (report.changed, report.left) == (20, 5)
    clean_caches(database, clock, terms=BatchContext(report=BatchReport(), size=10))
    assert keys(database, "cache") == []


def test_a_dry_run_counts_and_removes_nothing(database: Database, clock: SetClock) -> None:
    stored(database, "cache", "old", AT - 1)
    report = BatchReport(lists_changes=True)

    clean_caches(database, clock, terms=BatchContext(report=report, dry_run=True))

    assert report.changed == 1
    assert keys(database, "cache") == ["old"]


def test_queued_jobs_of_the_service_are_left_alone(database: Database, clock: SetClock) -> None:
    write(
        database,
        "INSERT INTO jobs (queue, payload, attempts, available_at, created_at) "
        "VALUES ('default', '{}', 255, 1, 1)",
    )

    clean_caches(database, clock, terms=BatchContext(report=BatchReport()))

    assert len(rows(database, "SELECT id FROM jobs")) == 1
