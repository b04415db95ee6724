"""`savctl export tickets`: what is in the file, and what is known of it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest
import zstandard
from sqlalchemy import insert

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import support_tickets, ticket_attachments, ticket_messages
from savctl.persistence.tickets import conversations
from savctl.ports import SetClock
from savctl.usecases.tickets import exporting
from tests.cli import naughty
from tests.conftest import Cli
from tests.given import AGENT, BOSS, CUSTOMER, DAY, NOW, brought_to, created, rows, snapshot, write

pytestmark = pytest.mark.each_database("rows are read in pages, texts as the columns hold them")

EVERYTHING = ("--with", "messages,attachments")
TIMES = ("resolved_at", "closed_at", "created_at", "updated_at", "read_at", "deleted_at")


def fill(database: Database, clock: SetClock) -> None:
    """Three tickets in different states with messages and attachment records."""
    talked = brought_to(database, clock, Status.RESOLVED, category="shipping", order_id=789)
    clock.advance(DAY)
    created(database, clock, user_id=457, subject="Other", tags=("lost",))
    last = brought_to(database, clock, Status.CLOSED)
    values = [
        message(1, talked.id, "later", created_at=NOW + DAY),
        message(2, talked.id, "a note", sender_type="agent", sender_id=AGENT, is_internal=True),
        message(3, last.id, "bye"),
    ]
    hung = [attachment(1, talked.id, 1), attachment(2, last.id, None)]
    store(database, values, hung)
    write(
        database,
        "INSERT INTO savctl_files (attachment_id, ticket_id, deleted_at) "
        f"VALUES (2, {last.id}, '2025-10-05 10:00:00')",
    )


def message(number: int, ticket_id: int, text: str, **fields: Any) -> dict[str, Any]:
    known = {"sender_id": CUSTOMER, "sender_type": "customer", "is_internal": False}
    times = {"created_at": NOW, "updated_at": NOW}
    return {"id": number, "ticket_id": ticket_id, "message": text} | known | times | fields


def attachment(number: int, ticket_id: int, message_id: int | None) -> dict[str, Any]:
    return {
        "id": number,
        "ticket_id": ticket_id,
        "message_id": message_id,
        "original_name": "photo.png",
        "filename": "photo.png",
        "file_path": f"tickets/{ticket_id}/{'a' * 32}.png",
        "mime_type": "image/png",
        "file_size": 12,
        "created_at": NOW,
        "updated_at": NOW,
    }


def store(
    database: Database, stored_messages: list[dict[str, Any]], hung: list[dict[str, Any]]
) -> None:
    def work(connection: Any) -> None:
        connection.execute(insert(ticket_messages), stored_messages)
        if hung:
            connection.execute(insert(ticket_attachments), hung)

    database.transaction(work)


def in_the_database(database: Database) -> list[dict[str, Any]]:
    """What another program reads of it: the specification's tables, row by row."""
    values = []
    for ticket in rows(database, "SELECT * FROM support_tickets ORDER BY id"):
        row = reported_as_json(ticket)
        row["metadata"] = json.loads(ticket["metadata"])
        query = f"SELECT * FROM ticket_messages WHERE ticket_id = {ticket['id']}"
        row["messages"] = [
            reported_as_json(m) for m in rows(database, f"{query} ORDER BY created_at, id")
        ]
        hung = f"SELECT * FROM ticket_attachments WHERE ticket_id = {ticket['id']} ORDER BY id"
        row["attachments"] = [reported_as_json(a) for a in rows(database, hung)]
        for one in row["attachments"]:
            marked = f"SELECT deleted_at FROM savctl_files WHERE attachment_id = {one['id']}"
            one["deleted_at"] = next(
                (reported_as_json(mark)["deleted_at"] for mark in rows(database, marked)), None
            )
        values.append(row)
    return values


def reported_as_json(row: dict[str, Any]) -> dict[str, Any]:
    values = dict(row)
    for name in set(TIMES) & set(values):
        if values[name] is not None:
            values[name] = f"{str(values[name])[:19].replace(' ', 'T')}Z"
    if "is_internal" in values:
        values["is_internal"] = bool(values["is_internal"])
    return values


def test_json_lines_equal_the_rows_of_the_database(
    cli: Cli, database: Database, clock: SetClock, tmp_path: Path
) -> None:
    fill(database, clock)

    outcome = cli("export", "tickets", "--out", "t.jsonl", *EVERYTHING, "-o", "json")

    answer = json.loads(outcome.out)
    lines = (tmp_path / "t.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == in_the_database(database)
    assert (outcome.code, answer["tickets"], answer["messages"], answer["attachments"]) == (
        *(0, 3, 3),
        2,
    )


def test_a_csv_holds_the_same_as_the_json_lines(
    cli: Cli, database: Database, clock: SetClock, tmp_path: Path
) -> None:
    fill(database, clock)

    cli("export", "tickets", "--out", "t.csv", *EVERYTHING)

    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as stream:
        read = list(csv.DictReader(stream))
    for row, expected in zip(read, in_the_database(database), strict=True):
        assert list(row) == list(expected)
        for name, value in expected.items():
            if name in {"metadata", "messages", "attachments"}:
                assert json.loads(row[name]) == value
            else:
                assert row[name] == ("" if value is None else str(value))


def test_the_compressed_form_is_the_plain_one_compressed(
    cli: Cli, database: Database, clock: SetClock, tmp_path: Path
) -> None:
    fill(database, clock)

    cli("export", "tickets", "--out", "t.jsonl", *EVERYTHING)
    cli("export", "tickets", "--out", "t.jsonl.zst", *EVERYTHING)

    packed = (tmp_path / "t.jsonl.zst").read_bytes()
    unpacked = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed)).read()
    assert unpacked == (tmp_path / "t.jsonl").read_bytes()


def test_the_audit_says_who_took_what_and_which_file_it_was(
    cli: Cli, database: Database, clock: SetClock, tmp_path: Path
) -> None:
    fill(database, clock)
    words = ("--status", "resolved", "--user", CUSTOMER, "--since", "2025-10-01")

    cli("export", "tickets", "--out", "t.csv", "--with", "messages", *words, "--as", BOSS)

    noted = rows(database, "SELECT * FROM savctl_audit WHERE action = 'export'")
    content = (tmp_path / "t.csv").read_bytes()
    assert [row["actor"] for row in noted] == [BOSS]
    assert json.loads(noted[0]["entry"]) == {
        "what": "tickets",
        "filters": {
            "statuses": ["resolved"],
            "user_id": CUSTOMER,
            "since": "2025-10-01T00:00:00.000000Z",
        },
        "format": "csv",
        "with": ["messages"],
        "tickets": 1,
        "messages": 2,
        "attachments": 0,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def test_the_file_is_the_owners_only_and_nothing_else_is_left(
    cli: Cli, database: Database, clock: SetClock, tmp_path: Path
) -> None:
    fill(database, clock)
    before = {path.name for path in tmp_path.iterdir()}
    (tmp_path / "t.csv.part").write_text("left by a process that was killed\n" * 1000)
    (tmp_path / "t.csv.part").chmod(0o644)

    assert cli("export", "tickets", "--out", "t.csv").code == 0

    assert stat.S_IMODE((tmp_path / "t.csv").stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.iterdir()} - before == {"t.csv"}
    assert b"left by" not in (tmp_path / "t.csv").read_bytes()


@pytest.mark.parametrize("word", ["--force", "--yes"])
def test_a_file_that_is_there_is_kept_without_a_word(
    cli: Cli, database: Database, clock: SetClock, tmp_path: Path, word: str
) -> None:
    fill(database, clock)
    (tmp_path / "t.csv").write_text("mine")

    refused = cli("export", "tickets", "--out", "t.csv")

    assert (refused.code, (tmp_path / "t.csv").read_text()) == (6, "mine")
    assert rows(database, "SELECT * FROM savctl_audit WHERE action = 'export'") == []
    assert cli("export", "tickets", "--out", "t.csv", word).code == 0
    assert (tmp_path / "t.csv").read_text().startswith("id,ticket_number")


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("t.txt", ()),
        ("no/folder/t.csv", ()),
        (".", ("--format", "csv")),
        ("/dev/null", ("--format", "csv")),
        ("t.csv", ("--with", "secrets")),
        ("t.csv", ("--format", "xlsx")),
    ],
)
def test_a_place_or_a_form_that_cannot_be_is_named_and_nothing_is_done(
    cli: Cli, database: Database, clock: SetClock, out: str, words: tuple[str, ...]
) -> None:
    fill(database, clock)
    before = snapshot(database)

    outcome = cli("export", "tickets", "--out", out, *words)

    assert (outcome.code, outcome.out) == (2, "")
    assert snapshot(database) == before


def test_a_dry_run_counts_and_leaves_neither_file_nor_audit(
    cli: Cli, database: Database, clock: SetClock, tmp_path: Path
) -> None:
    fill(database, clock)
    before = snapshot(database), sorted(tmp_path.iterdir())

    outcome = cli("export", "tickets", "--out", "t.csv", "--dry-run", "-o", "json")

    assert (outcome.code, json.loads(outcome.out)["tickets"]) == (0, 3)
    assert (snapshot(database), sorted(tmp_path.iterdir())) == before


def test_a_dash_is_stdout_and_nothing_but_the_data_goes_there(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    fill(database, clock)

    outcome = cli("export", "tickets", "--out", "-", "--format", "jsonl", "--user", 457)

    assert [json.loads(line)["user_id"] for line in outcome.out.splitlines()] == [457]
    assert len(rows(database, "SELECT * FROM savctl_audit WHERE action = 'export'")) == 1


def test_no_row_is_lost_or_doubled_where_pages_end(
    cli: Cli,
    database: Database,
    clock: SetClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(database, clock)
    ids = [row["id"] for row in rows(database, "SELECT id FROM support_tickets")]
    stored_messages = [
        message(10 + n, ids[n % 3], f"m{n}", created_at=NOW + DAY * (n % 2)) for n in range(9)
    ]
    store(database, stored_messages, [attachment(10 + n, ids[n % 2], None) for n in range(5)])
    for size in (1, 2, 3, 4):
        monkeypatch.setattr(conversations, "_PAGE", size)
        monkeypatch.setattr(exporting, "_PAGE", size)

        cli("export", "tickets", "--out", "t.jsonl", *EVERYTHING, "--force")

        lines = (tmp_path / "t.jsonl").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line) for line in lines] == in_the_database(database)


def test_hostile_text_is_exact_in_json_and_harmless_in_csv(
    cli: Cli, database: Database, tmp_path: Path
) -> None:
    texts = [*naughty.OWN, *naughty.outside()]
    if database.is_sqlite:  # the servers refuse it in a cell that savctl writes; others may not
        texts.append("a\0b")
    described = [
        {
            "ticket_number": f"TKT-{number:05d}",
            "user_id": CUSTOMER,
            "subject": text,
            "description": text,
            "created_at": NOW,
            "updated_at": NOW,
        }
        for number, text in enumerate(texts)
    ]
    database.transaction(lambda c: c.execute(insert(support_tickets), described))

    assert cli("export", "tickets", "--out", "t.jsonl").code == 0
    assert cli("export", "tickets", "--out", "t.csv").code == 0

    lines = (tmp_path / "t.jsonl").read_bytes().decode().split("\n")
    assert [json.loads(line)["subject"] for line in lines[:-1]] == texts
    raw = (tmp_path / "t.csv").read_bytes().decode()
    cells = [row["subject"] for row in csv.DictReader(io.StringIO(raw, newline=""))]
    assert "\0" not in raw
    assert cells == [naughty.in_a_cell(text).replace("\0", "\ufffd") for text in texts]


def test_metadata_of_other_programs_keeps_its_spelling_and_stays_in_its_line(
    cli: Cli, database: Database, clock: SetClock, tmp_path: Path
) -> None:
    one, two, three = (created(database, clock) for _ in range(3))
    stored = {one.id: '{"n": 1.50, "a": [1]}', two.id: '{"a":\n [1,\r\n 2]}'}
    if database.is_sqlite:
        stored[three.id] = "no json"
    for ticket_id, text in stored.items():
        write(database, f"UPDATE support_tickets SET metadata = '{text}' WHERE id = {ticket_id}")

    cli("export", "tickets", "--out", "t.jsonl")

    lines = (tmp_path / "t.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line)["metadata"] for line in lines]
    assert found[:2] == [{"n": 1.5, "a": [1]}, {"a": [1, 2]}]
    if database.is_sqlite:
        assert '"n": 1.50' in lines[0]
        assert found[2] == {"unreadable": "no json"}
