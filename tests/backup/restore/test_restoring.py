"""A backup is restored row for row; every guard before it and every step after it."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from savctl.persistence.backups import restored, schemas
from savctl.persistence.engine import Database
from savctl.persistence.jobs import leases
from savctl.ports import system_clock
from tests.backup.support import (
    AWKWARD,
    METADATA,
    answer,
    awkward,
    create,
    everything,
    write,
)
from tests.conftest import Cli
from tests.given import created

INTO = "savctl_into"
SEVEN_BYTES = "\N{NEGATIVE SQUARED LATIN CAPITAL LETTER A}\N{VARIATION SELECTOR-16}"
TABLES = ("foreign_facts", "support_tickets", "ticket_messages", "cache")


@pytest.fixture
def into(database: Database, tmp_path: Path) -> str:
    """The name of a database that is not there."""
    if database.is_sqlite:
        return str(tmp_path / "restored.db")
    database.transaction(lambda c: schemas.drop(c, INTO))
    return INTO


def opened(database: Database, into: str) -> Database:
    if database.is_sqlite:
        return Database(f"sqlite:///{into}")
    return schemas.of_schema(database, into)


def name_of(database: Database) -> str:
    return Path(str(database.url.database)).name


@pytest.mark.each_database("each is restored by something else")
def test_everything_comes_back_beside_the_database(
    ready: Cli, database: Database, into: str, kind: str
) -> None:
    awkward(database)
    before = everything(database)
    stored = rows(database, "SELECT metadata FROM support_tickets")  # MySQL sorts and spaces it
    made = create(ready)
    write(database, "DELETE FROM ticket_messages")

    done = answer(ready("backup", "restore", made["id"], "--into", into, "-o", "json"))

    assert not [step for step in done["steps"] if step.startswith("FAILED")]
    with closing(opened(database, into)) as copy:
        after = everything(copy)
        metadata = rows(copy, "SELECT metadata FROM support_tickets")
    audit = after.pop("savctl_audit")
    assert "backup_restored" in audit[-1]
    before.pop("savctl_audit")
    assert after == before
    assert metadata == stored == ([METADATA] if kind != "mysql" else stored)
    assert rows(database, "SELECT COUNT(*) FROM ticket_messages") == [0]


@pytest.mark.each_database("each is restored by something else")
def test_the_live_database_is_replaced_when_nobody_uses_it(ready: Cli, database: Database) -> None:
    awkward(database)
    before = everything(database)
    made = create(ready)
    write(database, "UPDATE ticket_messages SET message = 'lost'")
    created(database, system_clock)
    database.close()
    word = name_of(database)

    assert ready("backup", "restore", made["id"], "--in-place").code == 6
    assert ready("backup", "restore", made["id"], "--in-place", "--confirm", "x").code == 6
    tried = ready("backup", "restore", made["id"], "--in-place", "--dry-run")
    assert tried.code == 0, tried.err
    answer(ready("backup", "restore", made["id"], "--in-place", "--confirm", word, "-o", "json"))

    after = everything(database)
    for table in ("support_tickets", "ticket_messages", "savctl_outbox"):
        assert after[table] == before[table]


@pytest.mark.slow("a restore in place waits for who is connected")
@pytest.mark.each_database("each knows by something else who is connected")
def test_a_database_in_use_is_not_replaced(ready: Cli, database: Database) -> None:
    made = create(ready)
    words = ("backup", "restore", made["id"], "--in-place", "--confirm", name_of(database))
    with database.engine.connect() as connection:
        connection.execute(text("SELECT 1 FROM support_tickets")).all()
        assert ready(*words).code == 6
    database.close()
    lease = database.transaction(
        lambda c: leases.acquire(c, "scheduler:elsewhere:1", owner="elsewhere:1", seconds=60)
    )
    database.close()
    outcome = ready(*words)
    assert (outcome.code, "elsewhere" in outcome.err) == (6, True)
    database.transaction(lambda c: leases.release(c, lease))
    database.close()
    assert ready(*words).code == 0


@pytest.mark.each_database("each is restored by something else")
def test_a_spoiled_backup_is_refused_and_leaves_nothing(
    ready: Cli, database: Database, folder: Path, into: str
) -> None:
    awkward(database)
    made = create(ready)
    before = everything(database)
    database.close()
    path = folder / made["files"][0]["name"]
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    beside = ready("backup", "restore", made["id"], "--into", into)
    in_place = ready("backup", "restore", made["id"], "--in-place", "--confirm", name_of(database))

    assert (beside.code, in_place.code) == (5, 5), beside.err + in_place.err
    assert everything(database) == before
    if database.is_sqlite:
        assert not Path(into).exists()
    else:
        with database.reading() as connection:
            assert not schemas.exists(connection, INTO)


@pytest.mark.each_database("each looks at it in its own way")
def test_a_database_that_is_not_empty_is_refused(
    ready: Cli, database: Database, into: str
) -> None:
    made = create(ready)
    words = ("backup", "restore", made["id"], "--into", into)
    assert ready(*words).code == 0

    assert ready(*words).code == 5
    assert ready("backup", "restore", made["id"]).code == 2
    assert ready(*words, "--in-place").code == 2


@pytest.mark.each_database("each is restored by something else")
def test_an_erased_person_is_erased_again(ready: Cli, database: Database, into: str) -> None:
    awkward(database)
    made = create(ready)
    answer(ready("gdpr", "erase", 456, "--confirm", 456, "-o", "json"))

    done = answer(ready("backup", "restore", made["id"], "--into", into, "-o", "json"))

    assert "1 erased person erased again" in done["steps"]
    with closing(opened(database, into)) as copy:
        assert rows(copy, "SELECT COUNT(*) FROM support_tickets WHERE user_id = 456") == [0]
        assert rows(copy, "SELECT COUNT(*) FROM ticket_messages") == [0]


@pytest.mark.each_database("each is restored by something else")
def test_orphans_are_braked_until_a_person_looked(ready: Cli, database: Database) -> None:
    made = create(ready)
    database.close()
    ready("backup", "restore", made["id"], "--in-place", "--confirm", name_of(database))

    braked = ready("job", "run", "orphan-cleanup")
    assert (braked.code, made["id"] in braked.err) == (6, True)
    assert ready("job", "run", "orphan-cleanup", "--dry-run").code == 0
    assert ready("job", "run", "orphan-cleanup").code == 6
    assert ready("job", "run", "orphan-cleanup", "--force").code == 0
    assert ready("job", "run", "orphan-cleanup").code == 0


@pytest.mark.each_database("each is restored by something else")
def test_events_that_were_sent_are_not_sent_again(ready: Cli, database: Database) -> None:
    for _ in range(3):
        created(database, system_clock)
    made = create(ready)
    first, second, third = rows(database, "SELECT event_id FROM savctl_outbox ORDER BY id")
    write(
        database,
        "UPDATE savctl_outbox SET published_at = '2099-01-01' WHERE event_id = :one",
        one=first,
    )
    write(database, "DELETE FROM savctl_outbox WHERE event_id = :two", two=second)
    created(database, system_clock)  # its event was sent as well, and is lost with the ticket
    write(
        database,
        "UPDATE savctl_outbox SET published_at = '2099-01-01' "
        "WHERE event_id NOT IN (:one, :three)",
        one=first,
        three=third,
    )
    database.close()

    done = answer(
        ready(
            *("backup", "restore", made["id"], "--in-place", "--confirm", name_of(database)),
            *("-o", "json"),
        )
    )

    assert any("1 event marked as sent, 1 event held" in step for step in done["steps"])
    assert any("1 event sent of changes that are not restored" in step for step in done["steps"])
    state = {
        event: (sent is not None, dead is not None)
        for event, sent, dead in rows(
            database, "SELECT event_id, published_at, dead_at FROM savctl_outbox"
        )
    }
    assert state == {first: (True, False), second: (False, True), third: (False, False)}
    assert database.transaction(restored.release_held_events) == 1
    assert rows(database, "SELECT COUNT(*) FROM savctl_outbox WHERE dead_at IS NOT NULL") == [0]


@pytest.mark.each_database("each is restored by something else")
def test_beside_the_database_events_are_held_unless_resent(
    ready: Cli, database: Database, into: str
) -> None:
    created(database, system_clock)
    made = create(ready)

    answer(ready("backup", "restore", made["id"], "--into", into, "-o", "json"))
    with closing(opened(database, into)) as copy:
        held = "SELECT COUNT(*) FROM savctl_outbox WHERE dead_at IS NULL"
        assert rows(copy, held) == [0]
    if database.is_sqlite:
        Path(into).unlink()
    else:
        database.transaction(lambda c: schemas.drop(c, INTO))
    answer(ready("backup", "restore", made["id"], "--into", into, "--resend", "-o", "json"))
    with closing(opened(database, into)) as copy:
        assert rows(copy, held) == [1]


@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.each_database("an adopted service has them")
def test_generated_columns_and_triggers_come_back(
    ready: Cli, database: Database, into: str
) -> None:
    awkward(database)
    with database.engine.connect() as connection:
        run = connection.exec_driver_sql
        run("DROP TABLE IF EXISTS foreign_facts")
        run(
            "CREATE TABLE foreign_facts (id INT PRIMARY KEY, a INT, b INT AS (a * 2) STORED, "
            "c VARCHAR(80) AS (CONCAT(a, 'x')) VIRTUAL, raw LONGBLOB, f DOUBLE, words TEXT, "
            "facts JSON) DEFAULT CHARSET utf8mb4"
        )
        for number in range(2, 40):
            run(
                "INSERT INTO foreign_facts (id, a, raw, words, facts) VALUES (%s, 0, %s, %s, %s)",
                (number, bytes(range(256)), f"{SEVEN_BYTES}\0{number}{AWKWARD}", METADATA),
            )
        run(
            "CREATE TRIGGER foreign_trigger BEFORE INSERT ON foreign_facts FOR EACH ROW\n"
            "BEGIN\nINSERT INTO `cache` VALUES ('x', 'DELIMITER ;', 1);\nSET NEW.a = NEW.a;\nEND"
        )
        run("INSERT INTO foreign_facts (id, a, raw, f) VALUES (1, 2, 0x00FF0A0D1A27, 0.1)")
        connection.commit()
    checksums = [checksum(database, name) for name in TABLES]
    facts = rows(database, "SELECT id, HEX(raw), HEX(words), facts FROM foreign_facts")
    made = create(ready)
    assert made["tables"]["foreign_facts"]["rows"] == 39
    assert made["tables"]["cache"]["rows"] == 1
    proven = answer(ready("backup", "verify", made["id"], "--restore-test", "-o", "json"))
    assert proven["state"] == "ok"

    answer(ready("backup", "restore", made["id"], "--into", into, "-o", "json"))

    with closing(opened(database, into)) as copy:
        assert [checksum(copy, name) for name in TABLES] == checksums
        assert rows(copy, "SELECT id, HEX(raw), HEX(words), facts FROM foreign_facts") == facts
        assert rows(copy, "SELECT b, c, HEX(raw), f FROM foreign_facts WHERE id = 1") == [
            (4, "2x", "00FF0A0D1A27", 0.1)
        ]
        assert rows(copy, "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS "
                          "WHERE TRIGGER_SCHEMA = DATABASE()") == ["foreign_trigger"]  # fmt: skip
    write(database, "DROP TABLE foreign_facts")


@pytest.mark.only_on("sqlite")
def test_a_database_that_is_lost_comes_back(
    ready: Cli, database: Database, tmp_path: Path
) -> None:
    awkward(database)
    made = create(ready)
    database.close()
    for path in tmp_path.glob("savctl.db*"):
        path.unlink()

    outcome = ready("backup", "restore", made["id"], "--in-place", "--confirm", "savctl.db")

    assert outcome.code == 0, outcome.err
    assert rows(database, "SELECT COUNT(*) FROM ticket_messages") == [59]
    shutil.rmtree(tmp_path / "home", ignore_errors=True)


def checksum(database: Database, table: str) -> int:
    """The server's own checksum of all rows."""
    ((_, found),) = rows(database, f"CHECKSUM TABLE {table}")
    return int(found)


def rows(database: Database, query: str) -> list[Any]:
    with database.engine.connect() as connection:
        found = connection.execute(text(query)).all()
    return [row[0] if len(row) == 1 else tuple(row) for row in found]
