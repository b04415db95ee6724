"""What metrics and doctor read of backups."""

from __future__ import annotations

from datetime import timedelta

from savctl.persistence.backups import records
from savctl.persistence.backups.records import BackupKind, BackupRecord, BackupState
from savctl.persistence.engine import Database
from tests.given import DAY, NOW


def store(database: Database, name: str, kind: BackupKind, age: timedelta, size: int) -> None:
    record = BackupRecord(
        id=name,
        kind=str(kind),
        state=str(BackupState.UNPROVEN),
        made_at=NOW - age,
        verified_at=None,
        bytes=size,
        place="file:///backups",
    )
    database.transaction(lambda c: records.store(c, record))


def test_the_newest_of_each_kind_is_known(database: Database) -> None:
    store(database, "a", BackupKind.DUMP, 2 * DAY, 10)
    store(database, "b", BackupKind.DUMP, DAY, 5)
    store(database, "c", BackupKind.MIRROR, 3 * DAY, 7)

    with database.reading() as connection:
        ages = records.ages(connection)
        dumps = records.of_kind(connection, BackupKind.DUMP)

    assert ages.last_success == {"dump": NOW - DAY, "mirror": NOW - 3 * DAY}
    assert ages.bytes_by_kind == {"dump": 15, "mirror": 7}
    assert ages.last_proven is None
    assert [one.id for one in dumps] == ["b", "a"]


def test_a_backup_is_proven_when_it_was_judged_good(database: Database) -> None:
    store(database, "a", BackupKind.DUMP, 2 * DAY, 10)
    store(database, "b", BackupKind.DUMP, DAY, 5)

    database.transaction(lambda c: records.judge(c, "a", BackupState.OK, at=NOW))
    database.transaction(lambda c: records.judge(c, "b", BackupState.FAILED, at=NOW + DAY))

    with database.reading() as connection:
        assert records.ages(connection).last_proven == NOW
        assert records.find(connection, "b") == BackupRecord(
            id="b",
            kind="dump",
            state="failed",
            made_at=NOW - DAY,
            verified_at=NOW + DAY,
            bytes=5,
            place="file:///backups",
        )


def test_a_backup_that_is_gone_is_forgotten(database: Database) -> None:
    store(database, "a", BackupKind.DUMP, DAY, 10)

    database.transaction(lambda c: records.remove(c, "a"))

    with database.reading() as connection:
        assert records.find(connection, "a") is None
        assert records.ages(connection).last_success == {}
