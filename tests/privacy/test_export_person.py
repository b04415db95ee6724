"""`savctl gdpr export`: what a customer gets, and what nobody's customer gets."""

from __future__ import annotations

import copy
import hashlib
import json
import stat
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from savctl.domain.age import Age
from savctl.domain.privacy.export_schema import export_schema
from savctl.pages.person import render
from savctl.persistence.engine import Database
from savctl.ports import ObjectStore, SetClock
from savctl.ports.objects import StoreUnavailable
from savctl.usecases.archive.cold_storage import DEFAULT_PREFIX, ColdStorage
from savctl.usecases.batch.atomic_file import new_file
from savctl.usecases.privacy import export as person_export
from tests.conftest import Cli, Outcome
from tests.given import AGENT, BOSS, CUSTOMER, created, rows, snapshot
from tests.privacy.people import (
    ALWAYS,
    INTERNAL,
    NEVER,
    OTHER,
    a_past,
    attachment,
    content,
    message,
    people,
    put,
    store_rows,
)
from tests.privacy.schema_check import problems
from tests.servers.stores.buckets import Bucket
from tests.tickets.lists.test_export_tickets import reported_as_json

pytestmark = pytest.mark.each_database("a person is looked up by SQL")

PROJECT = Path(__file__).resolve().parents[2]
SCHEMA = PROJECT / "docs" / "schemas" / "gdpr-export-1.json"
WRITTEN_BY_CUSTOMERS = "SELECT id FROM ticket_messages WHERE sender_type = 'customer'"
AUDITED = "SELECT * FROM savctl_audit WHERE action = 'export'"


def exported(cli: Cli, *words: object, user: int = CUSTOMER) -> Outcome:
    return cli("gdpr", "export", user, "--out", "ada.zip", "-o", "json", *words)


def members(path: Path) -> dict[str, bytes]:
    with ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def data_of(found: dict[str, bytes]) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(found["data.json"])
    return data


def theirs(database: Database, *, with_internal: bool) -> list[dict[str, Any]]:
    """Their tickets as another program reads them, row by row, without what is not theirs."""
    texts = []
    own = f"SELECT * FROM support_tickets WHERE user_id = {CUSTOMER} ORDER BY id"
    for ticket in rows(database, own):
        row = reported_as_json(ticket) | {"archived": False}
        row["metadata"] = json.loads(ticket["metadata"])
        if not with_internal:
            row["metadata"].pop("legal_hold", None)
            row["metadata"]["history"] = [
                entry for entry in row["metadata"]["history"] if entry["action"] != "hold"
            ]
        notes = "" if with_internal else "AND is_internal = 0"
        is_theirs = (
            f"((sender_type = 'customer' AND sender_id = {CUSTOMER}) "
            f"OR (sender_type = 'agent' {notes}))"
        )
        query = f"SELECT * FROM ticket_messages WHERE ticket_id = {ticket['id']} AND {is_theirs}"
        row["messages"] = [
            reported_as_json(m) for m in rows(database, f"{query} ORDER BY created_at, id")
        ]
        hung = (
            f"SELECT * FROM ticket_attachments WHERE ticket_id = {ticket['id']} AND "
            f"(message_id IS NULL OR message_id IN (SELECT id FROM ticket_messages WHERE "
            f"{is_theirs})) ORDER BY id"
        )
        row["attachments"] = [
            reported_as_json(a) | {"deleted_at": None} for a in rows(database, hung)
        ]
        texts.append(row)
    return texts


def without_places(tickets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The exported tickets, their attachments without where they are in the ZIP."""
    found = copy.deepcopy(tickets)
    for ticket in found:
        for one in ticket["attachments"]:
            del one["file"]
    return found


@pytest.mark.parametrize("words", [(), ("--with-internal",)])
def test_the_data_equals_the_rows_of_the_database(
    cli: Cli,
    database: Database,
    clock: SetClock,
    home_store: ObjectStore,
    tmp_path: Path,
    words: tuple[str, ...],
) -> None:
    a_past(database, clock, home_store)

    outcome = exported(cli, *words)

    data = data_of(members(tmp_path / "ada.zip"))
    assert outcome.code == 0, outcome.err
    assert without_places(data["tickets"]) == theirs(database, with_internal=bool(words))
    assert data["user"] == rows(database, f"SELECT * FROM users WHERE id = {CUSTOMER}")[0]
    elsewhere = data["messages_elsewhere"]
    number = rows(database, f"SELECT * FROM support_tickets WHERE user_id = {OTHER}")[0]
    assert [(m["ticket_number"], m["message"]) for m in elsewhere] == [
        (number["ticket_number"], "ADAS-WORDS-ELSEWHERE")
    ]
    assert set(elsewhere[0]) == {
        *("ticket_number", "id", "message", "created_at", "updated_at", "attachments")
    }


@pytest.mark.only_on("sqlite")
def test_the_files_are_those_of_the_store(
    cli: Cli,
    database: Database,
    clock: SetClock,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    a_past(database, clock, bucket.store)

    outcome = exported(cli)

    found = members(tmp_path / "ada.zip")
    data = data_of(found)
    hung = [
        a
        for part in (data["tickets"], data["messages_elsewhere"])
        for row in part
        for a in row["attachments"]
    ]
    assert outcome.code == 0, outcome.err
    assert [a["id"] for a in hung] == [1, 2, 5]
    assert all(found[a["file"]] == content(a["id"]) for a in hung)
    assert {name for name in found if name.startswith("files/")} == {a["file"] for a in hung}


@pytest.mark.parametrize("words", [(), ("--with-internal",)])
def test_nobody_elses_words_names_or_files_are_in_it(
    cli: Cli,
    database: Database,
    clock: SetClock,
    home_store: ObjectStore,
    tmp_path: Path,
    words: tuple[str, ...],
) -> None:
    a_past(database, clock, home_store)

    exported(cli, *words)

    everything = b"\n".join(
        name.encode() + content for name, content in members(tmp_path / "ada.zip").items()
    ).decode()
    assert [mark for mark in NEVER if mark in everything] == []
    assert [mark for mark in INTERNAL if (mark in everything) is not bool(words)] == []
    assert [mark for mark in ALWAYS if mark not in everything] == []
    assert f'"sender_id": {AGENT}' in everything


def test_the_data_is_what_the_published_schema_says(
    cli: Cli, database: Database, clock: SetClock, home_store: ObjectStore, tmp_path: Path
) -> None:
    a_past(database, clock, home_store)
    cli("user", "vip", CUSTOMER)

    exported(cli, "--with-internal")

    published = json.loads(SCHEMA.read_text(encoding="utf-8"))
    found = members(tmp_path / "ada.zip")
    data = data_of(found)
    assert published == export_schema() == json.loads(found["data.schema.json"])
    assert json.loads(cli("gdpr", "schema").out) == published
    assert problems(data, published) == []
    data["tickets"][0]["shoe_size"] = 39
    data["tickets"][1]["created_at"] = "yesterday"
    del data["user"]
    assert len(problems(data, published)) == 3


@pytest.mark.parametrize(("setting", "words"), [(None, "7 years"), ("10y", "10 years")])
def test_the_customer_learns_how_long_it_is_really_kept(
    cli: Cli,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    setting: str | None,
    words: str,
) -> None:
    people(database)
    if setting is not None:
        monkeypatch.setenv("SAVCTL_RETENTION_AFTER", setting)

    exported(cli)

    found = members(tmp_path / "ada.zip")
    assert f"Closed tickets are kept for {words}," in found["index.html"].decode()
    assert f"closed tickets {words}, unless" in found["README.txt"].decode()


def test_the_manifest_tells_every_member_with_its_digest(
    cli: Cli, database: Database, clock: SetClock, home_store: ObjectStore, tmp_path: Path
) -> None:
    a_past(database, clock, home_store)

    exported(cli)

    found = members(tmp_path / "ada.zip")
    manifest = json.loads(found["manifest.json"])
    listed = {m["name"]: (m["bytes"], m["sha256"]) for m in manifest["members"]}
    sums = {
        name: digest
        for digest, _, name in (
            line.partition("  ") for line in found["SHA256SUMS"].decode().splitlines()
        )
    }
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in found.items()}
    assert set(listed) == set(found) - {"manifest.json", "SHA256SUMS"}
    assert all((len(found[n]), digests[n]) == texts for n, texts in listed.items())
    assert sums == {n: d for n, d in digests.items() if n != "SHA256SUMS"}
    assert manifest["missing"] == []
    assert manifest["counts"] == {
        "tickets": 4,
        "archived": 0,
        "messages": 2,
        "messages_elsewhere": 1,
        "attachments": 3,
    }


def test_a_file_that_is_gone_is_named_everywhere_and_the_rest_is_there(
    cli: Cli, database: Database, clock: SetClock, home_store: ObjectStore, tmp_path: Path
) -> None:
    ticket_ids = a_past(database, clock, home_store)
    home_store.purge([f"tickets/{ticket_ids[0]}/{2:032x}.png"])

    outcome = exported(cli)

    found = members(tmp_path / "ada.zip")
    manifest = json.loads(found["manifest.json"])
    places = {a["id"]: a["file"] for a in data_of(found)["tickets"][0]["attachments"]}
    assert outcome.code == 3
    assert json.loads(outcome.out)["missing"] == 1
    error = json.loads(outcome.err.splitlines()[-1])["error"]
    assert error["code"] == "partly_done"
    assert [named["file"] for named in error["missing"]] == ["ADAS-FILE invoice.pdf"]
    shown = cli("gdpr", "export", "456", "--out", "ada2.zip")
    assert (shown.code, "not found: ADAS-FILE invoice.pdf of TKT-" in shown.err) == (3, True)
    assert [(m["attachment_id"], m["reason"]) for m in manifest["missing"]] == [
        (2, "no_such_object")
    ]
    assert (places[2], found[places[1]]) == (None, content(1))
    page = found["index.html"].decode()
    assert "Files that could not be found" in page
    assert page.count("invoice.pdf") == 2
    texts = found["README.txt"].decode()
    assert "MISSING: 1 file" in texts
    assert "  2 files, in a folder for each ticket" in texts


def test_the_file_is_its_owners_only_and_the_audit_knows_it(
    cli: Cli, database: Database, clock: SetClock, home_store: ObjectStore, tmp_path: Path
) -> None:
    a_past(database, clock, home_store)

    outcome = exported(cli, "--as", BOSS)

    path = tmp_path / "ada.zip"
    noted = rows(database, AUDITED)
    entry = json.loads(noted[0]["entry"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not (tmp_path / "ada.zip.part").exists()
    assert [row["actor"] for row in noted] == [BOSS]
    assert (entry["what"], entry["user_id"], entry["tickets"]) == ("person", CUSTOMER, 4)
    assert entry["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert json.loads(outcome.out)["sha256"] == entry["sha256"]
    assert not any(mark in noted[0]["entry"] for mark in (*ALWAYS, "Ada"))


def test_an_export_that_is_there_is_kept_without_a_word(
    cli: Cli, database: Database, clock: SetClock, home_store: ObjectStore, tmp_path: Path
) -> None:
    a_past(database, clock, home_store)
    (tmp_path / "ada.zip").write_text("mine")

    assert exported(cli).code == 6
    assert (tmp_path / "ada.zip").read_text() == "mine"
    assert exported(cli, "--force").code == 0
    assert "data.json" in members(tmp_path / "ada.zip")


def test_a_dry_run_counts_and_leaves_nothing(
    cli: Cli, database: Database, clock: SetClock, home_store: ObjectStore, tmp_path: Path
) -> None:
    a_past(database, clock, home_store)
    before = snapshot(database)

    outcome = exported(cli, "--dry-run")

    assert (outcome.code, json.loads(outcome.out)["attachments"]) == (0, 3)
    assert snapshot(database) == before
    assert not (tmp_path / "ada.zip").exists()


def test_of_nobody_nothing_is_exported(
    cli: Cli, database: Database, clock: SetClock, tmp_path: Path
) -> None:
    a_past(database, clock)

    outcome = exported(cli, user=999)

    assert (outcome.code, outcome.out) == (4, "")
    assert list(tmp_path.glob("ada.zip*")) == []
    assert rows(database, AUDITED) == []


def test_of_an_agent_nothing_of_the_customers_is_exported(
    cli: Cli, database: Database, clock: SetClock, home_store: ObjectStore, tmp_path: Path
) -> None:
    a_past(database, clock, home_store)

    outcome = exported(cli, "--with-internal", user=AGENT)

    data = data_of(members(tmp_path / "ada.zip"))
    assert outcome.code == 0
    assert (data["user"]["firstname"], data["tickets"], data["messages_elsewhere"]) == (
        *("Robert", []),
        [],
    )


def run_of(user_id: int = CUSTOMER) -> person_export.PersonRun:
    from savctl.domain.privacy.disclosure import Disclosure

    return person_export.PersonRun(
        disclosure=Disclosure(user_id=user_id), kept_for=Age(years=7), render=render, by=None
    )


def test_the_same_data_at_the_same_moment_is_the_same_file(
    database: Database, clock: SetClock, home_store: ObjectStore, tmp_path: Path
) -> None:
    a_past(database, clock, home_store)
    for name in ("one.zip", "two.zip"):
        with new_file(tmp_path / name, overwrite=False) as file:
            cold = ColdStorage(home_store, DEFAULT_PREFIX)
            person_export.export_person(database, home_store, cold, clock, run_of(), file)

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


class _Gone:
    """A store that breaks off."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def read(self, key: str) -> Any:
        raise StoreUnavailable(f"the store went away before {key}")


def test_a_store_that_does_not_answer_leaves_neither_file_nor_audit(
    database: Database, clock: SetClock, home_store: ObjectStore, tmp_path: Path
) -> None:
    a_past(database, clock, home_store)
    gone: Any = _Gone(home_store)
    cold = ColdStorage(gone, DEFAULT_PREFIX)

    with (
        pytest.raises(StoreUnavailable),
        new_file(tmp_path / "ada.zip", overwrite=False) as file,
    ):
        person_export.export_person(database, gone, cold, clock, run_of(), file)

    assert list(tmp_path.glob("ada.zip*")) == []
    assert rows(database, AUDITED) == []


def test_a_key_that_no_store_can_have_is_a_missing_file(
    cli: Cli, database: Database, clock: SetClock, home_store: ObjectStore, tmp_path: Path
) -> None:
    people(database)
    ticket = created(database, clock)
    odd = attachment(1, ticket.id, None, "odd.png") | {"file_path": "../../../etc/passwd"}
    same = [attachment(2, ticket.id, None, "same.png"), attachment(3, ticket.id, None, "same.png")]
    same[1]["file_path"] = same[0]["file_path"]
    store_rows(database, [], [odd, *same])
    put(home_store, same[:1])

    outcome = exported(cli)

    found = members(tmp_path / "ada.zip")
    missing = json.loads(found["manifest.json"])["missing"]
    files = [a["file"] for a in data_of(found)["tickets"][0]["attachments"]]
    assert outcome.code == 3
    assert [(m["attachment_id"], m["reason"]) for m in missing] == [(1, "unusable_key")]
    assert files[0] is None
    assert [found[name] for name in files[1:]] == [content(2)] * 2


def test_no_row_is_lost_or_doubled_where_pages_end(
    cli: Cli,
    database: Database,
    clock: SetClock,
    home_store: ObjectStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a_past(database, clock, home_store)
    for size in (1, 2, 3):
        monkeypatch.setattr("savctl.persistence.privacy.person_rows._PAGE", size)
        monkeypatch.setattr("savctl.persistence.tickets.conversations._PAGE", size)

        exported(cli, "--force")

        data = data_of(members(tmp_path / "ada.zip"))
        assert without_places(data["tickets"]) == theirs(database, with_internal=False)
        assert len(data["messages_elsewhere"]) == 1


def test_somebody_nobody_ever_wrote_to_gets_their_account(
    cli: Cli, database: Database, tmp_path: Path
) -> None:
    people(database)

    outcome = exported(cli)

    found = members(tmp_path / "ada.zip")
    assert outcome.code == 0
    assert (data_of(found)["tickets"], data_of(found)["user"]["firstname"]) == ([], "Ada")


def test_after_a_merge_across_customers_each_gets_their_own_words_and_no_others(
    cli: Cli, database: Database, clock: SetClock, home_store: ObjectStore, tmp_path: Path
) -> None:
    people(database)
    adas = created(database, clock, description="ADA-ASKS")
    eves = created(database, clock, user_id=OTHER, description="EVE-ASKS")
    texts = [
        message(1, eves.id, "EVE-SAYS", sender=("customer", OTHER)),
        message(2, eves.id, "TO-EVE", sender=("agent", AGENT)),
        message(3, eves.id, "NOTE-ABOUT-EVE", sender=("agent", AGENT), is_internal=True),
        message(4, adas.id, "TO-ADA", sender=("agent", AGENT)),
        message(5, adas.id, "NOTE-ABOUT-ADA", sender=("agent", AGENT), is_internal=True),
    ]
    hung = [attachment(1, eves.id, None, "EVE-FILE.png"), attachment(2, eves.id, 2, "TO-EVE.png")]
    store_rows(database, texts, hung)
    put(home_store, hung)
    words = ("--into", adas.ticket_number, "--across-customers", "--yes")
    assert cli("ticket", "merge", eves.ticket_number, *words).code == 0

    exported(cli, "--with-internal")
    cli("gdpr", "export", OTHER, "--out", "eve.zip", "--with-internal")

    ada, eve = (
        b"\n".join(members(tmp_path / name).values()).decode() for name in ("ada.zip", "eve.zip")
    )
    hers = ("EVE-ASKS", "EVE-SAYS", "TO-EVE", "NOTE-ABOUT-EVE", "EVE-FILE")
    assert [mark for mark in hers if mark in ada] == []
    assert all(mark in ada for mark in ("ADA-ASKS", "TO-ADA", "NOTE-ABOUT-ADA"))
    assert all(mark in eve for mark in ("EVE-ASKS", "EVE-SAYS", "EVE-FILE", adas.ticket_number))
    assert [mark for mark in ("ADA-ASKS", "TO-ADA", "NOTE-ABOUT-ADA") if mark in eve] == []


def test_notes_on_another_customer_stay_out_when_that_customers_words_have_left(
    cli: Cli, database: Database, clock: SetClock, home_store: ObjectStore, tmp_path: Path
) -> None:
    first, second, third = (
        created(database, clock, user_id=user) for user in (OTHER, OTHER, CUSTOMER)
    )
    note, stays = (
        message(n, ticket.id, text, sender=("agent", AGENT), is_internal=True)
        for n, ticket, text in ((1, first, "NOTE-ABOUT-EVE"), (2, third, "NOTE-ABOUT-ADA"))
    )
    store_rows(database, [note, stays], [])
    across = ("--across-customers", "--yes")
    assert cli("ticket", "merge", first.id, "--into", second.id, "--yes").code == 0
    described = [row["id"] for row in rows(database, WRITTEN_BY_CUSTOMERS)]
    assert cli("ticket", "split", second.id, "--messages", *described).code == 0
    assert cli("ticket", "merge", second.id, "--into", third.id, *across).code == 0
    described = [row["id"] for row in rows(database, f"{WRITTEN_BY_CUSTOMERS} AND is_internal")]
    assert cli("ticket", "split", third.id, "--messages", *described).code == 0

    exported(cli, "--with-internal")

    ada = b"\n".join(members(tmp_path / "ada.zip").values()).decode()
    assert ("NOTE-ABOUT-EVE" in ada, "NOTE-ABOUT-ADA" in ada) == (False, True)
