"""A dump and the logs behind it lead to any moment since, by place and by time (rules 17.4)."""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from savctl.adapters.backups.folder import BackupFolder
from savctl.adapters.binary_logs.target import ReplayTarget
from savctl.adapters.dump_client.option_file import option_file
from savctl.domain.backup.log_positions import LogPosition
from savctl.domain.backup.replay_span import OutOfReach, Until
from savctl.domain.backup.sealing import SpoiledFile
from savctl.persistence.engine import Database
from savctl.ports.binary_logs import ReplayFailed
from savctl.usecases.backup.logs.replaying import LogStore, replay
from tests.backup.logs.conftest import NAME, Copy, address_of, here, is_mariadb, purge, sql
from tests.depth import deep
from tests.given import Snapshot, created, rows, snapshot
from tests.servers.databases.mysql_family import PrivateServer

RESTORED = f"{NAME}_restored"
WORDS = ("späti", "🐌🐌🐌", "O'Neill", 'a "b" \\ c', "line\\nbreak", "{}", "")


@dataclass(frozen=True)
class Dump:
    """A dump by the server's own client, and where it stands in the logs."""

    text: bytes
    start: LogPosition
    made_at: datetime


def dump(live: Database) -> Dump:
    program = ["mariadb-dump", "--master-data=2"]
    if not is_mariadb(live):
        program = ["mysqldump", "--source-data=2", "--set-gtid-purged=OFF"]
    with option_file(address_of(live)) as options:
        text = subprocess.run(
            [
                *(program[0], f"--defaults-file={options}", "--single-transaction", *program[1:]),
                *("--routines", "--triggers", "--events", "--hex-blob"),
                *("--default-character-set=utf8mb4", NAME),
            ],
            check=True,
            capture_output=True,
        ).stdout
    line = next(one for one in text.decode().splitlines() if "_LOG_FILE='" in one)
    _, name, rest = line.split("'", 2)
    offset = int(rest.rpartition("=")[2].rstrip(";"))
    return Dump(text, LogPosition(name, offset), now(live) - timedelta(hours=1))


def now(live: Database) -> datetime:
    (row,) = rows(live, "SELECT UTC_TIMESTAMP(6) AS at")
    at: datetime = row["at"]
    return at.replace(tzinfo=UTC)


def place(live: Database) -> LogPosition:
    return here(live)


def load(server: PrivateServer, live: Database, made: Dump) -> Database:
    """The dump restored into a database of another name."""
    server.create_database(RESTORED)
    with option_file(address_of(live)) as options:
        subprocess.run(
            [
                "mariadb" if is_mariadb(live) else "mysql",
                f"--defaults-file={options}",
                "--binary-mode",
                RESTORED,
            ],
            check=True,
            input=made.text,
        )
    return Database(server.url(RESTORED))


def changes(live: Database, count: int, *, at: datetime, seed: int) -> None:
    """Changes of another program: transactions of a few statements, some rolled back."""
    draw = random.Random(seed)
    with live.connection() as connection:
        connection.exec_driver_sql(f"SET SESSION timestamp = {at.timestamp()}")
        done = 0
        while done < count:
            for _ in range(draw.randint(1, 5)):
                connection.exec_driver_sql(_statement(draw).replace("%", "%%"), {})
                done += 1
            if draw.random() < 0.1:
                connection.rollback()
            else:
                connection.commit()
            if draw.random() < 0.02:
                connection.exec_driver_sql("FLUSH BINARY LOGS")
        connection.exec_driver_sql("SET SESSION timestamp = DEFAULT")


_MESSAGE = (
    "INSERT INTO ticket_messages (ticket_id, sender_type, sender_id, message, is_internal,"
    " created_at, updated_at) SELECT id, 'agent', 10, '{}', 0, NOW(), NOW() FROM support_tickets"
)


def _statement(draw: random.Random) -> str:
    text = draw.choice(WORDS).replace("\\", "\\\\").replace("'", "''")
    number = draw.randint(1, 60)
    return draw.choice(
        (
            _MESSAGE.format(text),
            f"UPDATE support_tickets SET subject = '{text}{number}' WHERE id > 0",
            f"DELETE FROM ticket_messages WHERE id % 61 = {number} LIMIT 2",
            f"REPLACE INTO cache (`key`, value, expiration) VALUES ('k{number}', '{text}', 1)",
        )
    )


@dataclass(frozen=True)
class Accident:
    """What was there just before a table was dropped, and where and when that was."""

    before: Snapshot
    place: LogPosition
    time: datetime


@pytest.fixture
def made(live: Database) -> Dump:
    created(live, lambda: datetime.now(UTC))
    changes(live, 30, at=now(live) - timedelta(minutes=90), seed=1)
    return dump(live)


@pytest.fixture
def accident(live: Database, made: Dump, copy: Copy) -> Accident:
    """Changes behind the dump, then a table is dropped on purpose, and life goes on."""
    later = made.made_at + timedelta(minutes=30)
    changes(live, deep(20_000, usual=400), at=later, seed=2)
    before, at = snapshot(live), place(live)
    dropped = later + timedelta(seconds=5)
    sql(
        live,
        f"SET SESSION timestamp = {dropped.timestamp()}",
        "SET SESSION foreign_key_checks = 0",
        "DROP TABLE ticket_messages",
        "UPDATE support_tickets SET subject = 'after'",
        "SET SESSION foreign_key_checks = 1",
        "SET SESSION timestamp = DEFAULT",
    )
    return Accident(before, at, dropped)


@pytest.mark.parametrize("by", ["place", "time"])
def test_the_moment_before_a_table_was_dropped_comes_back(
    live: Database,
    log_server: PrivateServer,
    made: Dump,
    accident: Accident,
    copy: Copy,
    folder: Path,
    by: str,
) -> None:
    assert copy().findings == 0
    lost = rows(live, "SHOW TABLES LIKE 'ticket_messages'")
    restored = load(log_server, live, made)
    until: Until = accident.place if by == "place" else accident.time
    end = _replay(live, folder, made, until)

    assert lost == []
    assert end.log == accident.place.log
    assert end == accident.place or by == "time"  # which may end behind the log's own events
    assert snapshot(restored) == accident.before
    restored.close()


def _replay(live: Database, folder: Path, made: Dump, until: Until) -> LogPosition:
    store = LogStore(place=BackupFolder(folder), keys=None)
    plan = store.plan(made.start, made.made_at, until)
    target = ReplayTarget(address_of(live))
    return replay(store, plan, target, database=RESTORED, origin=NAME)


def test_a_statement_that_names_the_live_database_is_not_replayed_elsewhere(
    live: Database, log_server: PrivateServer, made: Dump, copy: Copy, folder: Path
) -> None:
    sql(live, f"CREATE TABLE {NAME}.other (id INT)", f"DROP TABLE {NAME}.other")
    end = place(live)
    copy()
    load(log_server, live, made).close()

    with pytest.raises(ReplayFailed, match=f"names the database {NAME} itself"):
        _replay(live, folder, made, end)


def test_a_change_that_the_server_refuses_ends_the_replay(
    live: Database, log_server: PrivateServer, made: Dump, copy: Copy, folder: Path
) -> None:
    sql(live, "UPDATE support_tickets SET subject = 'later'")
    end = place(live)
    copy()
    restored = load(log_server, live, made)
    sql(restored, "SET SESSION foreign_key_checks = 0", "DROP TABLE support_tickets")

    with pytest.raises(ReplayFailed, match="refuses a change"):
        _replay(live, folder, made, end)
    restored.close()


def test_behind_a_gap_nothing_can_be_reached(
    live: Database, made: Dump, copy: Copy, folder: Path
) -> None:
    copy()
    sql(live, "FLUSH BINARY LOGS", "UPDATE support_tickets SET subject = 'lost'")
    sql(live, "FLUSH BINARY LOGS")
    purge(live, "binlog.000003")
    assert copy().findings == 1

    with pytest.raises(OutOfReach, match=r"reaches from .* to .* \(binlog\.000001:\d+\)"):
        _replay(live, folder, made, place(live))


def test_a_log_that_was_altered_in_its_place_is_not_replayed(
    live: Database, log_server: PrivateServer, made: Dump, copy: Copy, folder: Path
) -> None:
    sql(live, "UPDATE support_tickets SET subject = 'later'")
    end = place(live)
    copy()
    (part,) = (folder / "binlogs").glob("binlog.*.zst")
    spoiled = bytearray(part.read_bytes())
    spoiled[len(spoiled) // 2] ^= 1
    part.write_bytes(spoiled)
    load(log_server, live, made).close()

    with pytest.raises(SpoiledFile):
        _replay(live, folder, made, end)
