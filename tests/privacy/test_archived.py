"""Archived tickets in what is found and exported of a person (rules 9.1, 9.3, 11.9)."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from savctl.domain.privacy.disclosure import Disclosure
from savctl.errors import Unavailable
from savctl.persistence.archive.index import archived_of
from savctl.persistence.engine import Database
from savctl.ports import ObjectStore, SetClock
from savctl.usecases.archive.archived_tickets import ArchivedTickets
from savctl.usecases.archive.cold_storage import DEFAULT_PREFIX, ColdStorage, Damaged
from savctl.usecases.privacy.records import records_of
from tests.archive.support import archive
from tests.conftest import Cli
from tests.given import CUSTOMER, created, rows, write
from tests.privacy.people import NEVER, OTHER, a_past, message, people, store_rows

pytestmark = pytest.mark.each_database("a person is looked up by SQL")

OLD = "UPDATE support_tickets SET status = 'closed', closed_at = '2024-01-01 00:00:00'"


def exported(cli: Cli, path: Path, *words: str) -> dict[str, Any]:
    outcome = cli("gdpr", "export", CUSTOMER, "--out", path, "--force", "-o", "json", *words)
    assert outcome.code == 0, outcome.err
    with ZipFile(path) as opened:
        data: dict[str, Any] = json.loads(opened.read("data.json"))
        files = {name: opened.read(name) for name in opened.namelist() if "files/" in name}
        everything = b"\n".join(opened.read(name) for name in opened.namelist()).decode()
    return {"data": data, "files": files, "everything": everything}


def released(database: Database) -> None:
    """Nothing is held any more, so that everything old may go."""
    write(database, 'UPDATE support_tickets SET metadata = \'{"tags": ["a"]}\'')


@pytest.mark.parametrize("words", [(), ("--with-internal",)])
def test_an_archived_ticket_is_exported_as_it_was(
    cli: Cli,
    database: Database,
    clock: SetClock,
    home_store: ObjectStore,
    tmp_path: Path,
    words: tuple[str, ...],
) -> None:
    a_past(database, clock, home_store)
    released(database)
    before = exported(cli, tmp_path / "before.zip", *words)
    write(database, f"{OLD} WHERE user_id = {CUSTOMER}")
    closed = exported(cli, tmp_path / "closed.zip", *words)["data"]
    archive(database, clock, ColdStorage(home_store, DEFAULT_PREFIX))
    assert rows(database, f"SELECT * FROM support_tickets WHERE user_id = {CUSTOMER}") == []

    after = exported(cli, tmp_path / "after.zip", *words)

    data = after["data"]
    assert [ticket.pop("archived") for ticket in data["tickets"]] == [True] * 4
    assert [ticket.pop("archived") for ticket in closed["tickets"]] == [False] * 4
    assert data["tickets"] == closed["tickets"]
    assert data["messages_elsewhere"] == closed["messages_elsewhere"]
    assert data["counts"] == closed["counts"] | {"archived": 4}
    assert after["files"] == before["files"]
    assert [mark for mark in NEVER if mark in after["everything"]] == []


def test_hot_and_archived_stand_in_the_order_of_their_ids(
    cli: Cli, database: Database, clock: SetClock, home_store: ObjectStore, tmp_path: Path
) -> None:
    ids = a_past(database, clock, home_store)
    released(database)
    write(database, f"{OLD} WHERE id IN ({ids[1]}, {ids[3]})")
    archive(database, clock, ColdStorage(home_store, DEFAULT_PREFIX))

    data = exported(cli, tmp_path / "mixed.zip")["data"]
    counted = {
        row["place"]: row["rows"]
        for row in json.loads(cli("gdpr", "find", CUSTOMER, "-o", "json").out)
    }

    assert [(t["id"], t["archived"]) for t in data["tickets"]] == [
        (ids[0], False),
        (ids[1], True),
        (ids[2], False),
        (ids[3], True),
    ]
    assert (counted["tickets"], counted["archived_tickets"]) == (2, 2)


def test_words_on_anothers_ticket_are_found_in_the_archive_by_the_links_of_merges(
    cli: Cli, database: Database, clock: SetClock, home_store: ObjectStore, tmp_path: Path
) -> None:
    people(database)
    adas = created(database, clock, description="ADAS-QUESTION")
    eves = [created(database, clock, user_id=OTHER, description="EVE-TICKET") for _ in range(2)]
    store_rows(database, [message(1, adas.id, "ADAS-WORDS")], [])
    words = ("--across-customers", "--yes")
    assert (
        cli("ticket", "merge", adas.ticket_number, "--into", eves[0].ticket_number, *words).code
        == 0
    )
    assert (
        cli(
            "ticket", "merge", eves[0].ticket_number, "--into", eves[1].ticket_number, "--yes"
        ).code
        == 0
    )
    write(database, f"{OLD} WHERE user_id = {OTHER}")
    archive(database, clock, ColdStorage(home_store, DEFAULT_PREFIX))
    assert rows(database, f"SELECT * FROM support_tickets WHERE user_id = {OTHER}") == []

    found = exported(cli, tmp_path / "ada.zip", "--with-internal")

    elsewhere = found["data"]["messages_elsewhere"]
    assert {(m["ticket_number"], m["message"]) for m in elsewhere} == {
        (eves[1].ticket_number, "ADAS-QUESTION"),
        (eves[1].ticket_number, "ADAS-WORDS"),
    }
    assert "EVE-TICKET" not in found["everything"]


def test_words_that_come_back_from_the_archive_while_it_is_read_are_not_left_out(
    cli: Cli, database: Database, clock: SetClock, home_store: ObjectStore
) -> None:
    people(database)
    adas, own = (created(database, clock) for _ in range(2))
    eves = created(database, clock, user_id=OTHER)
    words = ("--across-customers", "--yes")
    assert (
        cli("ticket", "merge", adas.ticket_number, "--into", eves.ticket_number, *words).code == 0
    )
    cold = ColdStorage(home_store, DEFAULT_PREFIX)
    for ticket in (own, eves):
        write(database, f"{OLD} WHERE id = {ticket.id}")
    archive(database, clock, cold)
    records = records_of(database, cold, Disclosure(user_id=CUSTOMER))
    next(records)  # the rows of one moment are being read

    assert cli("archive", "restore", eves.ticket_number, "--confirm", eves.ticket_number).code == 0

    with pytest.raises(Unavailable, match="while they were read"):
        list(records)


def test_a_damaged_bundle_ends_the_export_with_10_and_leaves_nothing(
    cli: Cli, database: Database, clock: SetClock, home_store: ObjectStore, tmp_path: Path
) -> None:
    a_past(database, clock)
    released(database)
    write(database, f"{OLD} WHERE user_id = {CUSTOMER}")
    cold = ColdStorage(home_store, DEFAULT_PREFIX)
    archive(database, clock, cold)
    for one in list(cold.objects()):
        home_store.put(one.key, io.BytesIO(b"odd"), size_bytes=3, content_type="application/zstd")

    outcome = cli("gdpr", "export", CUSTOMER, "--out", "ada.zip")

    assert (outcome.code, outcome.out, list(tmp_path.glob("ada.zip*"))) == (10, "", [])
    assert "cannot be decompressed" in outcome.err
    assert "restore an older version of the object" in outcome.err
    assert rows(database, "SELECT id FROM savctl_audit WHERE action = 'export'") == []


def test_a_damaged_bundle_and_one_that_was_moved_are_reported_apart(
    database: Database, clock: SetClock, home_store: ObjectStore
) -> None:
    a_past(database, clock)
    released(database)
    write(database, f"{OLD} WHERE user_id = {CUSTOMER}")
    cold = ColdStorage(home_store, DEFAULT_PREFIX)
    archive(database, clock, cold)
    with database.reading() as connection:
        known = archived_of(connection, CUSTOMER)
    home_store.purge([one.key for one in cold.objects()])

    with pytest.raises(Damaged):
        list(records_of(database, cold, Disclosure(user_id=CUSTOMER)))
    write(database, "DELETE FROM savctl_archived_tickets")
    with pytest.raises(Unavailable, match="while they were read"):
        list(ArchivedTickets(database, cold).whole(known))
