"""`savctl backup restore ID --ticket TKT`, from a real backup (rules 17.4)."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.domain.model.status_chain import Item
from savctl.persistence.engine import Database
from savctl.ports import SetClock, system_clock
from tests.backup.support import answer, backed_up, create
from tests.conftest import Cli
from tests.given import CUSTOMER, created, rows, snapshot, write

pytestmark = pytest.mark.each_database("dumps and loads by each database's own client")
PARTS = ("ticket_messages", "ticket_attachments", "savctl_files")


@pytest.fixture
def lost(
    cli: Cli,
    database: Database,
    clock: SetClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[str, str]:
    """A backup, and the ticket in it that somebody deleted since; one that stays beside it."""
    backed_up(monkeypatch, tmp_path / "backups")
    kept, ticket = created(database, clock), created(database, clock)
    slip = tmp_path / "slip.txt"
    slip.write_text("a slip")
    for number in (kept.ticket_number, ticket.ticket_number):
        words = ("--from", f"customer:{CUSTOMER}", "--body", "Where is it? 🐌")
        assert cli("message", "add", number, *words, "--attach", slip).code == 0
    return str(create(cli)["id"]), ticket.ticket_number


def _delete(database: Database, number: str) -> None:
    where = f"ticket_id = (SELECT id FROM support_tickets WHERE ticket_number = '{number}')"
    for table in reversed(PARTS):
        write(database, f"DELETE FROM {table} WHERE {where}")
    write(database, f"DELETE FROM support_tickets WHERE ticket_number = '{number}'")


def test_a_deleted_ticket_comes_back_with_messages_files_ids_and_times(
    cli: Cli, database: Database, lost: tuple[str, str]
) -> None:
    backup, number = lost
    before = snapshot(database)
    _delete(database, number)
    bare = snapshot(database)

    shown = answer(cli("backup", "restore", backup, "--ticket", number, "-n", "-o", "json"))
    assert shown["was_missing"] is True
    assert {one["change"] for one in shown["differences"]} == {"missing"}
    assert snapshot(database)["support_tickets"] == bare["support_tickets"]

    done = answer(cli("backup", "restore", backup, "--ticket", number, "--as", 5, "-o", "json"))

    after = snapshot(database)
    assert (done["changed"], done["file_keys"]["missing"]) == (True, [])
    assert [after[name] for name in PARTS] == [before[name] for name in PARTS]
    entry = _last_entry(cli, number)
    assert (entry["action"], entry["actor"]) == ("restored", 5)
    assert entry["reason"] == f"restored from backup {backup}"
    assert after["savctl_outbox"] == before["savctl_outbox"]
    assert cli("db", "check").code == 0
    assert _schemas(database, backup) == []


def _last_entry(cli: Cli, number: str) -> Item:
    history: list[Item] = answer(cli("ticket", "history", number, "-o", "json"))
    return history[-1]


def _schemas(database: Database, backup: str) -> list[object]:
    """The scratch schema of this backup; other tests restore theirs meanwhile."""
    if database.is_sqlite:
        return []
    return list(rows(database, f"SHOW DATABASES LIKE 'savctl_restore_{backup}'"))


def test_a_changed_ticket_shows_each_row_that_differs(
    cli: Cli, database: Database, lost: tuple[str, str]
) -> None:
    backup, number = lost
    write(
        database,
        f"UPDATE support_tickets SET subject = 'spoiled' WHERE ticket_number = '{number}'",
    )

    page = cli("backup", "restore", backup, "--ticket", number, "--dry-run")

    assert page.code == 0
    assert "support_tickets 2: changed" in page.out
    assert "subject: spoiled -> Order not received" in page.out
    assert cli("backup", "restore", backup, "--ticket", number, "--as", 5).code == 0
    assert rows(database, "SELECT DISTINCT subject FROM support_tickets") == [
        {"subject": "Order not received"}
    ]


def test_files_that_were_hidden_are_shown_again(
    cli: Cli, database: Database, lost: tuple[str, str]
) -> None:
    backup, number = lost
    (row,) = rows(
        database,
        "SELECT a.id FROM ticket_attachments a JOIN support_tickets t ON t.id = a.ticket_id "
        f"WHERE t.ticket_number = '{number}'",
    )
    assert cli("attachment", "delete", row["id"], "--as", 5, "--yes").code == 0

    assert cli("backup", "restore", backup, "--ticket", number, "--as", 5).code == 0

    listed = answer(cli("attachment", "list", number, "-o", "json"))
    assert [one["id"] for one in listed] == [row["id"]]


def test_files_that_the_bucket_lost_are_fetched_from_the_mirror(
    cli: Cli, database: Database, lost: tuple[str, str], tmp_path: Path
) -> None:
    backup, number = lost
    bucket = DirectoryStore(tmp_path / "home" / "files", system_clock)
    (key,) = _keys(database, number)
    bucket.purge([key])
    restore = ("backup", "restore", backup, "--ticket", number, "--as", 5, "-o", "json")
    assert answer(cli(*restore), code=3)["file_keys"]["missing"] == [key]
    _put(bucket, key)
    mirrored = (("SAVCTL_MIRROR_URL", f"file://{tmp_path}/mirror"),)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in mirrored:
            patch.setenv(name, value)
        assert cli("backup", "mirror").code == 0
        bucket.purge([key])

        done = answer(cli(*restore))

    assert done["file_keys"]["fetched"] == [key]
    assert bucket.find(key) is not None
    bucket.close()


def _keys(database: Database, number: str) -> list[str]:
    found = rows(
        database,
        "SELECT a.file_path FROM ticket_attachments a JOIN support_tickets t "
        f"ON t.id = a.ticket_id WHERE t.ticket_number = '{number}'",
    )
    return [str(row["file_path"]) for row in found]


def _put(bucket: DirectoryStore, key: str) -> None:
    bucket.put(key, io.BytesIO(b"a slip"), size_bytes=6, content_type="text/plain")


def test_what_cannot_be_restored_is_refused_with_its_own_code(
    cli: Cli, database: Database, lost: tuple[str, str]
) -> None:
    backup, number = lost
    assert cli("backup", "restore", backup, "--ticket", "TKT-NONE").code == 4
    assert cli("backup", "restore", "20200101_000000_abcdef", "--ticket", number).code == 4
    assert cli("backup", "restore", backup).code == 2
    write(
        database,
        f"UPDATE support_tickets SET ticket_number = 'TKT-X' WHERE ticket_number = '{number}'",
    )
    assert cli("backup", "restore", backup, "--ticket", number).code == 5
    late = cli("backup", "restore", backup, "--ticket", number, "--until", "1h")
    assert late.code == 5
    assert "no place in a binary log" in late.err
