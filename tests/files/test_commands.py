"""`savctl attachment …` as people and scripts see it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from savctl.adapters.directory.store import DirectoryStore
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.persistence.engine import Database
from savctl.persistence.tickets.tickets import Tickets
from savctl.ports import SetClock, StoreUnavailable
from savctl.usecases.files.attaching import delete_attachment
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.transitions import close_ticket
from tests.access.token_users import with_token_of
from tests.cli.shop import home_store
from tests.conftest import Cli
from tests.files.making import EICAR, JPEG, PDF, PROGRAM, a_zip, behind
from tests.given import (
    AGENT,
    CUSTOMER,
    OTHER_AGENT,
    attached,
    brought_to,
    created,
    rows,
    snapshot,
    write,
)
from tests.servers.clamd import PrivateClamd
from tests.servers.ports import LOOPBACK, free_port

RECORDS = "SELECT * FROM ticket_attachments ORDER BY id"
COLUMNS = [
    "id", "ticket_id", "message_id", "original_name", "filename", "file_path", "mime_type",
    "file_size", "created_at", "updated_at", "sha256", "deleted_at", "ticket_number",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the command line stands, with some files in it."""
    for name, content in (
        ("photo.jpg", JPEG), ("letter.pdf", PDF), ("evil.pdf", PROGRAM), ("setup.exe", PROGRAM),
        ("virus.txt", EICAR), ("virus.zip", a_zip({"a.txt": EICAR})),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.fixture
def ticket(database: Database, clock: SetClock) -> str:
    """A ticket of the customer, assigned to the agent."""
    return brought_to(database, clock, Status.IN_PROGRESS).ticket_number


def one(cli: Cli, *words: object) -> Any:
    outcome = cli(*words, "-o", "json")
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_a_file_is_attached_and_listed(
    cli: Cli, database: Database, folder: Path, ticket: str
) -> None:
    added = one(cli, "attachment", "add", ticket, "photo.jpg", "--as", AGENT)
    listed = one(cli, "attachment", "list", ticket)

    assert list(added) == [*COLUMNS, "changed"]
    assert (added["original_name"], added["ticket_number"]) == ("photo.jpg", ticket)
    assert added["sha256"] == hashlib.sha256(JPEG).hexdigest()
    assert listed == [{name: added[name] for name in COLUMNS}]
    assert cli("attachment", "list", ticket, "-o", "ids").out == f"{added['id']}\n"
    assert "photo.jpg" in cli("attachment", "list", ticket).out


def test_several_files_are_answered_as_a_list(cli: Cli, folder: Path, ticket: str) -> None:
    added = one(cli, "attachment", "add", ticket, "photo.jpg", "letter.pdf")

    assert [row["mime_type"] for row in added] == ["image/jpeg", "application/pdf"]


def test_stdin_is_attached_under_a_name(cli: Cli, folder: Path, ticket: str) -> None:
    outcome = cli("attachment", "add", ticket, "-", "--name", "x.pdf", "-o", "json", stdin=PDF)

    assert json.loads(outcome.out)["original_name"] == "x.pdf"
    assert cli("attachment", "add", ticket, "-", stdin=PDF).code == 2


def test_one_refused_file_refuses_them_all(
    cli: Cli, database: Database, folder: Path, ticket: str
) -> None:
    before = snapshot(database)

    outcome = cli("attachment", "add", ticket, "photo.jpg", "evil.pdf", "-o", "json")

    error = json.loads(outcome.err)["error"]
    assert (outcome.code, outcome.out) == (5, "")
    assert (error["code"], error["check"], error["file"]) == (
        "file_refused",
        "content",
        "evil.pdf",
    )
    assert snapshot(database) == before
    assert list(home_store(folder).listing("")) == []

    both = cli("attachment", "add", ticket, "evil.pdf", "setup.exe")
    assert both.code == 5
    assert "evil.pdf" in both.err
    assert "setup.exe" in both.err


@pytest.mark.parametrize("name", ["missing.pdf", ".", "/dev/zero", "pipe"])
def test_what_is_no_file_is_wrong_input(cli: Cli, folder: Path, ticket: str, name: str) -> None:
    os.mkfifo(folder / "pipe")

    outcome = cli("attachment", "add", ticket, name)

    assert outcome.code == 2
    assert name in outcome.err


def test_check_needs_no_database(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAVCTL_DATABASE_URL", f"mysql://nobody@{LOOPBACK}:{free_port()}/nowhere")

    fine = cli("attachment", "check", "photo.jpg", "-o", "json")
    bad = cli("attachment", "check", "setup.exe", "-o", "json")
    mixed = cli("attachment", "check", "photo.jpg", "evil.pdf", "-o", "json")

    assert (fine.code, bad.code, mixed.code) == (0, 5, 3)
    assert json.loads(fine.out)["allowed"] is True
    answer = json.loads(bad.out)
    assert (answer["allowed"], answer["check"]) == (False, "blocked")
    assert json.loads(bad.err)["error"]["check"] == "blocked"
    assert [row["allowed"] for row in json.loads(mixed.out)] == [True, False]


def test_a_real_clamd_finds_the_test_string(
    cli: Cli,
    database: Database,
    folder: Path,
    ticket: str,
    clamd: PrivateClamd,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SAVCTL_SCANNER_URL", clamd.tcp_url)
    before = snapshot(database)

    for name in ("virus.txt", "virus.zip"):
        for words in (("add", ticket, name), ("check", name)):
            outcome = cli("attachment", *words, "-o", "json")
            error = json.loads(outcome.err)["error"]
            assert (outcome.code, error["check"]) == (5, "malware")
            assert "Eicar-Test-Signature" in error["message"]
    messages = ("message", "add", ticket, "--from", "customer:456", "--body", "x")
    assert cli(*messages, "--attach", "virus.txt").code == 5
    new = ("ticket", "create", "--user", 456, "--subject", "S", "--description", "D")
    assert cli(*new, "--attach", "virus.txt").code == 5
    assert snapshot(database) == before
    assert cli("attachment", "check", "photo.jpg").code == 0
    assert cli("attachment", "add", ticket, "photo.jpg").code == 0


def test_nothing_is_let_in_unscanned(
    cli: Cli, database: Database, folder: Path, ticket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_SCANNER_URL", f"tcp://{LOOPBACK}:{free_port()}")
    before = snapshot(database)

    assert cli("attachment", "add", ticket, "photo.jpg").code == 8
    assert cli("attachment", "check", "photo.jpg").code == 8
    assert snapshot(database) == before


def test_a_message_and_a_ticket_bring_their_files(
    cli: Cli, database: Database, folder: Path, ticket: str
) -> None:
    answer = one(
        cli, "message", "add", ticket, "--from", "customer:456", "--body", "Here",
        "--attach", "photo.jpg", "--attach", "letter.pdf",
    )  # fmt: skip
    made = one(
        cli, "ticket", "create", "--user", 456, "--subject", "S", "--description", "D",
        "--attach", "photo.jpg",
    )  # fmt: skip

    records = rows(database, RECORDS)
    assert answer["attachment_ids"] == [records[0]["id"], records[1]["id"]]
    assert {record["message_id"] for record in records[:2]} == {answer["id"]}
    assert made["attachment_ids"] == [records[2]["id"]]
    assert records[2]["ticket_id"] == made["id"]


def test_a_folder_that_is_not_there_is_not_taken_for_a_file(
    cli: Cli, database: Database, folder: Path, ticket: str
) -> None:
    (record,) = attached(database, home_store(folder), ticket, ("photo.jpg", JPEG))

    outcome = cli("attachment", "get", record.id, "--out", "backups/")

    assert (outcome.code, outcome.err) == (2, "error: there is no folder backups/\n")
    assert not (folder / "backups").exists()


def test_a_file_is_fetched_whole_and_private_and_overwrites_nothing(
    cli: Cli, database: Database, folder: Path, ticket: str
) -> None:
    (record,) = attached(database, home_store(folder), ticket, ("my photo.jpg", JPEG))

    got = one(cli, "attachment", "get", record.id)
    again = cli("attachment", "get", record.id)
    elsewhere = one(cli, "attachment", "get", record.id, "--out", "x.jpg")
    forced = cli("attachment", "get", record.id, "--out", "letter.pdf", "--force")

    assert got["file"] == "my-photo.jpg"
    assert (folder / "my-photo.jpg").read_bytes() == JPEG
    assert stat.S_IMODE((folder / "my-photo.jpg").stat().st_mode) == 0o600
    assert again.code == 6
    assert (folder / elsewhere["file"]).read_bytes() == JPEG
    assert forced.code == 0
    assert (folder / "letter.pdf").read_bytes() == JPEG
    (folder / "into").mkdir()
    assert one(cli, "attachment", "get", record.id, "--out", "into")["file"] == "into/my-photo.jpg"


@pytest.mark.parametrize("content", [JPEG[:-1], JPEG + b"x", JPEG[:-1] + b"x"])
def test_content_that_differs_is_not_given_out_and_found_by_verify(
    cli: Cli,
    database: Database,
    folder: Path,
    ticket: str,
    content: bytes,
) -> None:
    store = home_store(folder)
    (record,) = attached(database, store, ticket, ("photo.jpg", JPEG))
    fine = cli("attachment", "verify")
    store.put(
        record.file_path, io.BytesIO(content), size_bytes=len(content), content_type="image/jpeg"
    )

    got = cli("attachment", "get", record.id, "--out", "x.jpg")
    verified = cli("attachment", "verify", ticket, "-o", "json")

    assert fine.code == 0
    assert got.code == 10
    assert not (folder / "x.jpg").exists()
    assert not list(folder.glob("x.jpg*"))
    assert verified.code == 10
    (item,) = json.loads(verified.out)["items"]
    assert (item["id"], item["problem"]) == (
        record.id,
        "content" if len(content) == len(JPEG) else "size",
    )


def test_verify_finds_a_record_without_its_object(
    cli: Cli, database: Database, folder: Path, ticket: str
) -> None:
    store = home_store(folder)
    photo, letter = attached(database, store, ticket, ("photo.jpg", JPEG), ("letter.pdf", PDF))
    cli("attachment", "delete", letter.id)
    store.purge([letter.file_path])

    outcome = cli("attachment", "verify", "--quick", "-o", "json")

    found = json.loads(outcome.out)
    assert (outcome.code, found["checked"], found["missing"]) == (10, 2, 1)
    assert found["items"][0]["id"] == letter.id
    assert cli("attachment", "get", photo.id, "--out", "x.jpg").code == 0
    cli("attachment", "restore", letter.id)
    assert cli("attachment", "get", letter.id).code == 4
    assert cli("attachment", "url", letter.id).code == 4


def test_a_link_gives_the_file_and_is_on_record(
    cli: Cli, database: Database, folder: Path, ticket: str
) -> None:
    (record,) = attached(database, home_store(folder), ticket, ("photo.jpg", JPEG))

    link = one(cli, "attachment", "url", record.id, "--as", CUSTOMER)
    short = cli("attachment", "url", record.id, "--expires", "60s")

    assert link["disposition"] == "inline"
    assert behind(str(link["url"])) == JPEG
    assert behind(short.out.strip()) == JPEG
    assert "open on this host only" in short.err
    assert cli("attachment", "url", record.id, "--expires", "16m").code == 2
    seen = one(cli, "attachment", "access", record.id)
    assert [(row["action"], row["actor"], row["seconds"]) for row in seen] == [
        ("file_added", AGENT, None),
        ("file_linked", CUSTOMER, 900),
        ("file_linked", None, 60),
    ]
    assert all(row["attachment_id"] == record.id for row in seen)


def test_an_upload_answers_with_links_when_asked(
    cli: Cli, database: Database, folder: Path, ticket: str
) -> None:
    """Spec: File Upload Workflow 6."""
    made = one(cli, "attachment", "add", ticket, "photo.jpg", "letter.pdf", "--url", "--as", AGENT)
    table = cli("attachment", "add", ticket, "photo.jpg", "--url")
    dry = cli("attachment", "add", ticket, "photo.jpg", "--url", "--dry-run", "-o", "json")

    assert [set(row) - set(COLUMNS) for row in made] == [{"changed", "url", "expires_at"}] * 2
    store = home_store(folder)
    assert [store.open_link(row["url"]).key for row in made] == [r["file_path"] for r in made]
    store.close()
    assert table.out.startswith("3  file:///")
    assert "signature=" in table.out
    assert "url" not in json.loads(dry.out)
    linked = "SELECT actor, entry FROM savctl_audit WHERE action = 'file_linked' ORDER BY id"
    assert [(r["actor"], json.loads(r["entry"])) for r in rows(database, linked)] == [
        (AGENT, {"attachment_id": 1, "seconds": 900}),
        (AGENT, {"attachment_id": 2, "seconds": 900}),
        (None, {"attachment_id": 3, "seconds": 900}),
    ]


def test_no_link_is_made_for_who_may_not_see_the_ticket_and_nothing_is_attached(
    cli: Cli, database: Database, folder: Path, ticket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(database)
    with_token_of(monkeypatch, OTHER_AGENT, "agent")

    outcome = cli("attachment", "add", ticket, "photo.jpg", "--url")

    assert (outcome.code, outcome.out) == (4, "")
    assert snapshot(database) == before


def test_files_that_are_attached_without_a_link_are_named_as_such(
    cli: Cli, database: Database, folder: Path, ticket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise StoreUnavailable("the bucket went away")

    monkeypatch.setattr("savctl.adapters.directory.store.DirectoryStore.find", gone)

    outcome = cli("attachment", "add", ticket, "photo.jpg", "--url", "-o", "json")

    assert outcome.code == 3
    assert json.loads(outcome.out)["id"] == 1
    error = json.loads(outcome.err)["error"]
    assert "attached, but links are not available: the bucket went away" in error["message"]
    assert len(rows(database, RECORDS)) == 1


def test_only_who_may_see_the_ticket_has_its_files(
    cli: Cli, database: Database, folder: Path, ticket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (record,) = attached(database, home_store(folder), ticket, ("photo.jpg", JPEG))
    before = snapshot(database)

    for verb in ("url", "get"):
        for role, stranger in (("customer", CUSTOMER + 1), ("agent", OTHER_AGENT)):
            with_token_of(monkeypatch, stranger, role)
            outcome = cli("attachment", verb, record.id, "-o", "json")
            assert (outcome.code, outcome.out) == (4, "")
            assert json.loads(outcome.err)["error"]["code"] == "not_found"
    assert snapshot(database) == before
    for role, known in (("customer", CUSTOMER), ("agent", AGENT)):
        with_token_of(monkeypatch, known, role)
        assert cli("attachment", "url", record.id).code == 0


def test_who_signs_without_a_token_has_every_file(
    cli: Cli, database: Database, folder: Path, ticket: str
) -> None:
    (record,) = attached(database, home_store(folder), ticket, ("photo.jpg", JPEG))

    assert cli("attachment", "url", record.id, "--as", CUSTOMER + 1).code == 0
    (seen,) = rows(database, "SELECT actor FROM savctl_audit WHERE action = 'file_linked'")
    assert seen["actor"] == CUSTOMER + 1


@pytest.mark.parametrize("verb", ["url", "get"])
def test_a_file_that_is_taken_away_meanwhile_is_not_given_out(
    cli: Cli,
    database: Database,
    folder: Path,
    clock: SetClock,
    ticket: str,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
) -> None:
    (record,) = attached(database, home_store(folder), ticket, ("photo.jpg", JPEG))
    find = DirectoryStore.find

    def taken_away(store: DirectoryStore, key: str) -> object:
        delete_attachment(Operation(database, clock, actor=AGENT), record.id)
        return find(store, key)

    monkeypatch.setattr(DirectoryStore, "find", taken_away)

    outcome = cli("attachment", verb, record.id, "--as", CUSTOMER)

    assert (outcome.code, outcome.out) == (4, "")
    given_out = "SELECT id FROM savctl_audit WHERE action IN ('file_read', 'file_linked')"
    assert rows(database, given_out) == []


def test_the_customer_has_no_files_of_internal_notes(
    cli: Cli, folder: Path, ticket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = one(
        cli, "message", "add", ticket, "--from", f"agent:{AGENT}", "--body", "x", "--internal",
        "--attach", "photo.jpg",
    )  # fmt: skip
    (attachment_id,) = answer["attachment_ids"]

    with_token_of(monkeypatch, CUSTOMER, "customer")
    assert cli("attachment", "url", attachment_id).code == 4
    with_token_of(monkeypatch, AGENT, "agent")
    assert cli("attachment", "url", attachment_id).code == 0


def test_a_deleted_file_can_be_restored(
    cli: Cli, database: Database, folder: Path, ticket: str
) -> None:
    (record,) = attached(database, home_store(folder), ticket, ("photo.jpg", JPEG))

    dry = one(cli, "attachment", "delete", record.id, "--dry-run")
    assert (dry["changed"], dry["dry_run"]) == (True, True)
    assert len(one(cli, "attachment", "list", ticket)) == 1
    assert len(one(cli, "ticket", "show", ticket, "--with", "attachments")["attachments"]) == 1
    gone = one(cli, "attachment", "delete", record.id, "--as", AGENT, "--reason", "wrong ticket")
    again = one(cli, "attachment", "delete", record.id)

    assert gone["deleted_at"]
    assert one(cli, "ticket", "show", ticket, "--with", "attachments")["attachments"] == []
    assert (gone["changed"], again["changed"]) == (True, False)
    assert one(cli, "attachment", "list", ticket) == []
    assert [row["id"] for row in one(cli, "attachment", "list", ticket, "--deleted")] == [
        record.id
    ]
    for verb in ("get", "url"):
        assert cli("attachment", verb, record.id).code == 4
    back = one(cli, "attachment", "restore", record.id)
    assert (back["deleted_at"], back["changed"]) == (None, True)
    assert one(cli, "attachment", "restore", record.id)["changed"] is False
    assert one(cli, "attachment", "list", ticket)[0]["id"] == record.id
    answer = one(cli, "attachment", "access", ticket)
    assert [(row["action"], row["reason"]) for row in answer] == [
        ("file_added", None),
        ("file_deleted", "wrong ticket"),
        ("file_restored", None),
    ]


@pytest.mark.only_on("mariadb", "mysql")  # SQLite has one writer
def test_a_file_that_a_merge_moves_meanwhile_is_deleted_from_where_it_is(
    cli: Cli,
    database: Database,
    folder: Path,
    clock: SetClock,
    ticket: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (record,) = attached(database, home_store(folder), ticket, ("photo.jpg", JPEG))
    target = created(database, clock)
    lock = Tickets.lock

    def moved_first(tickets: Tickets, ref: str | int) -> Ticket:
        monkeypatch.setattr(Tickets, "lock", lock)
        write(database, f"UPDATE ticket_attachments SET ticket_id = {target.id}")
        return lock(tickets, ref)

    monkeypatch.setattr(Tickets, "lock", moved_first)

    deleted = one(cli, "attachment", "delete", record.id, "--as", AGENT)

    assert (deleted["ticket_number"], deleted["changed"]) == (target.ticket_number, True)
    noted = "SELECT ticket_id FROM savctl_audit WHERE action = 'file_deleted'"
    assert rows(database, noted) == [{"ticket_id": target.id}]


def test_a_record_of_the_service_can_be_deleted_restored_and_verified(
    cli: Cli, database: Database, folder: Path, ticket: str
) -> None:
    (record,) = attached(database, home_store(folder), ticket, ("photo.jpg", JPEG))
    database.transaction(lambda c: c.exec_driver_sql("DELETE FROM savctl_files"))

    assert one(cli, "attachment", "list", ticket)[0]["sha256"] is None
    assert cli("attachment", "verify").code == 0
    assert cli("attachment", "delete", record.id).code == 0
    assert one(cli, "attachment", "list", ticket) == []
    assert cli("attachment", "restore", record.id).code == 0
    assert cli("attachment", "get", record.id, "--out", "x.jpg").code == 0


def test_a_closed_or_held_ticket_keeps_its_files(
    cli: Cli, database: Database, folder: Path, clock: SetClock
) -> None:
    closed = created(database, clock)
    held = created(database, clock)
    store = home_store(folder)
    (deleted, kept) = attached(
        database, store, closed.id, ("photo.jpg", JPEG), ("letter.pdf", PDF)
    )
    (evidence,) = attached(database, store, held.id, ("photo.jpg", JPEG))
    cli("attachment", "delete", deleted.id)
    close_ticket(Operation(database, clock, actor=AGENT), closed.id, reason="spam")
    cli("gdpr", "hold", "add", held.ticket_number, "--reason", "lawsuit")

    assert cli("attachment", "delete", kept.id).code == 5
    assert cli("attachment", "delete", evidence.id).code == 5
    assert cli("attachment", "restore", deleted.id).code == 0
    assert cli("attachment", "add", closed.ticket_number, "photo.jpg").code == 5


def test_what_is_not_there_is_not_found(cli: Cli, folder: Path) -> None:
    for verb in ("get", "url", "delete", "restore", "access"):
        assert cli("attachment", verb, 4711).code == 4
    for verb in ("list", "access"):
        assert cli("attachment", verb, "TKT-NONE").code == 4
    assert cli("attachment", "verify", "TKT-NONE").code == 4
    assert cli("attachment", "add", "TKT-NONE", "photo.jpg").code == 4


def test_a_name_that_steers_the_terminal_is_shown_harmless(
    cli: Cli, database: Database, folder: Path, ticket: str
) -> None:
    attached(database, home_store(folder), ticket, ("=cmd|x.pdf", PDF))
    database.transaction(
        lambda c: c.exec_driver_sql("UPDATE ticket_attachments SET original_name = '\x1b[2J=x'")
    )

    assert "\x1b" not in cli("attachment", "list", ticket).out
    assert "\x1b" not in cli("attachment", "list", ticket, "-o", "json").out


def test_a_long_name_is_cut_and_reported(cli: Cli, folder: Path, ticket: str) -> None:
    outcome = cli(
        "attachment", "add", ticket, "photo.jpg", "--name", "é" * 300 + ".jpg", "-o", "json"
    )

    assert "cut to 255" in outcome.err
    assert len(json.loads(outcome.out)["original_name"]) == 255


def test_the_same_key_attaches_once(
    cli: Cli, database: Database, folder: Path, ticket: str
) -> None:
    words = ("attachment", "add", ticket, "photo.jpg", "--idempotency-key", "k")
    first, second = one(cli, *words), one(cli, *words)

    assert second["id"] == first["id"]
    assert (second["replayed"], second["changed"]) == (True, False)
    assert cli(*words[:3], "letter.pdf", *words[4:]).code == 5
    assert len(rows(database, RECORDS)) == 1


@pytest.mark.parametrize(
    ("stored", "file"),
    [
        ("{folder}/elsewhere/x.pdf", "x.pdf"),
        ("../x.pdf", "x.pdf"),
        ("..\\x.pdf", "x.pdf"),
        (".bashrc", "bashrc"),
        ("..", "attachment-{id}"),
        ("a\tb\x1b[2J.pdf", "a-b-2J.pdf"),
        ("x" * 250 + ".pdf", "x" * 96 + ".pdf"),
    ],
)
def test_the_name_of_another_programs_record_is_no_path(
    cli: Cli, database: Database, folder: Path, ticket: str, stored: str, file: str
) -> None:
    (record,) = attached(database, home_store(folder), ticket, ("photo.jpg", JPEG))
    (folder / "elsewhere").mkdir()
    (folder / "down").mkdir()
    name = {"name": stored.format(folder=folder)}
    statement = text("UPDATE ticket_attachments SET filename = :name")
    database.transaction(lambda connection: connection.execute(statement, name))

    got = one(cli, "attachment", "get", record.id, "--out", "down")

    assert got["file"] == f"down/{file.format(id=record.id)}"
    assert (folder / got["file"]).read_bytes() == JPEG
    assert list((folder / "elsewhere").iterdir()) == []


def test_one_record_that_cannot_be_looked_at_does_not_end_a_verification(
    cli: Cli, database: Database, folder: Path, ticket: str
) -> None:
    store = home_store(folder)
    odd, lost, fine = attached(
        database, store, ticket, ("a.jpg", JPEG), ("b.pdf", PDF), ("c.txt", b"c")
    )
    write(database, f"UPDATE ticket_attachments SET file_path = '../x' WHERE id = {odd.id}")
    for path in store.folder.rglob("content/*/*"):
        if path.read_bytes() == PDF:
            path.unlink()

    for more in ((), ("--quick",)):
        outcome = cli("attachment", "verify", *more, "-o", "json")

        found = json.loads(outcome.out)
        assert (outcome.code, found["checked"], found["missing"]) == (10, 3, 2)
        assert {item["id"] for item in found["items"]} == {odd.id, lost.id}
    assert cli("attachment", "get", lost.id).code == 4
    assert cli("attachment", "get", fine.id).code == 0
