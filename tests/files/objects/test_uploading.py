"""Into the bucket, then the record: what is there after each, and after each goes wrong."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from savctl.domain.files.file_types import MB
from savctl.domain.model.states import Status
from savctl.domain.tickets.decision import TransitionNotAllowed
from savctl.errors import NotFound, SavError, Unavailable
from savctl.persistence.engine import Database
from savctl.persistence.files.file_references import named
from savctl.persistence.files.purge_queue import PurgeReason, PurgeRequest
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import ContentChanged, ObjectStore, SetClock, StoreUnavailable
from savctl.usecases.bucket.verifying import verify_files
from savctl.usecases.files.attaching import attach_files, list_attachments
from savctl.usecases.files.staging import Staging
from savctl.usecases.files.ticket_with_files import create_ticket_with_files
from savctl.usecases.files.uploading import IN_PARTS_OVER, KeyBeingRemoved
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.creation import NewTicket
from savctl.usecases.tickets.transitions import close_ticket
from tests.conftest import S3Servers
from tests.files.conftest import Stage
from tests.files.making import JPEG, PDF, PNG
from tests.files.objects.breaking_store import BreakingStore
from tests.given import AGENT, CUSTOMER, brought_to, created, rows, snapshot

PHOTO, LETTER = ("photo.jpg", JPEG), ("letter.pdf", PDF)
LARGE = ("scan.pdf", PDF.ljust(IN_PARTS_OVER + 1, b"\x00"))
TICKETS_AND_FILES = ("support_tickets", "ticket_attachments")
WANTED = NewTicket(user_id=CUSTOMER, subject="Broken", description="See the photo")


def keys(store: ObjectStore) -> list[str]:
    return sorted(found.key for found in store.listing(""))


def content(store: ObjectStore, key: str) -> bytes:
    with store.read(key) as pieces:
        return b"".join(pieces)


def audited(database: Database) -> list[tuple[str, int | None, dict[str, Any]]]:
    found = rows(database, "SELECT action, actor, entry FROM savctl_audit ORDER BY id")
    return [
        (row["action"], row["actor"], json.loads(row["entry"]))
        for row in found
        if row["action"].startswith("file_")
    ]


def events(database: Database) -> list[dict[str, Any]]:
    stored = rows(database, "SELECT envelope FROM savctl_outbox ORDER BY id")
    return [json.loads(row["envelope"]) for row in stored]


def test_a_file_is_in_the_bucket_and_on_record(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage
) -> None:
    ticket = created(database, clock)
    (photo,) = stage(("Mein Foto.JPG", JPEG))

    done = attach_files(Operation(database, clock, actor=AGENT), store, ticket.id, [photo])

    (record,) = rows(database, "SELECT * FROM ticket_attachments")
    key = f"tickets/{ticket.id}/{photo.sha256[:32]}.jpg"
    assert (record["ticket_id"], record["message_id"]) == (ticket.id, None)
    assert (record["original_name"], record["filename"]) == ("Mein Foto.JPG", "Mein-Foto.jpg")
    assert (record["file_path"], record["mime_type"]) == (key, "image/jpeg")
    assert record["file_size"] == len(JPEG)
    assert content(store, key) == JPEG
    assert keys(store) == [key]
    assert audited(database) == [("file_added", AGENT, {"attachment_id": record["id"]})]
    assert done.changed
    assert rows(database, "SELECT * FROM savctl_uploads") == []


def test_the_same_file_twice_is_one_object_and_two_records(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage
) -> None:
    ticket = created(database, clock)

    attach_files(
        Operation(database, clock, actor=AGENT),
        store,
        ticket.id,
        stage(PHOTO, ("again.jpg", JPEG)),
    )
    watched = BreakingStore(store)
    attach_files(Operation(database, clock, actor=AGENT), watched, ticket.id, stage(PHOTO))

    paths = [r["file_path"] for r in rows(database, "SELECT file_path FROM ticket_attachments")]
    assert len(paths) == 3
    assert set(paths) == set(keys(store))
    assert len(keys(store)) == 1
    assert "put" not in watched.calls


def test_an_object_that_went_away_is_sent_again(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage
) -> None:
    ticket = created(database, clock)
    attach_files(Operation(database, clock, actor=AGENT), store, ticket.id, stage(PHOTO))
    store.purge(keys(store))

    attach_files(Operation(database, clock, actor=AGENT), store, ticket.id, stage(PHOTO))

    assert [content(store, key) for key in keys(store)] == [JPEG]


def test_a_large_file_goes_in_parts_and_leaves_nothing_below_temp(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage
) -> None:
    ticket = created(database, clock)
    watched = BreakingStore(store)

    attach_files(Operation(database, clock, actor=AGENT), watched, ticket.id, stage(LARGE, PHOTO))

    assert {"begin_parts", "put_part", "end_parts", "copy", "put"} <= set(watched.calls)
    (large,) = (key for key in keys(store) if key.endswith(".pdf"))
    assert content(store, large) == LARGE[1]
    assert all(key.startswith("tickets/") for key in keys(store))
    assert list(store.versions("temp/")) == []
    assert rows(database, "SELECT * FROM savctl_uploads") == []


@pytest.mark.only_stores("directory")
def test_the_store_s_id_of_an_upload_in_parts_is_known_before_the_first_part(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage
) -> None:
    """Some servers tell of uploads in no way: what a kill leaves is ended by this id."""
    ticket = created(database, clock)
    known: list[list[dict[str, Any]]] = []

    def look() -> None:
        known.append(rows(database, "SELECT upload_id, temp_key AS part FROM savctl_uploads"))
        (under_way,) = store.partial_uploads("temp/")
        assert known == [[{"upload_id": under_way.upload_id, "part": under_way.key}]]

    watched = BreakingStore(store, before={"put_part": look})
    attach_files(Operation(database, clock, actor=AGENT), watched, ticket.id, stage(LARGE))

    assert len(known) == 1


@pytest.mark.parametrize("gone_at", ["put", "begin_parts", "put_part", "end_parts", "copy"])
def test_a_store_that_goes_away_leaves_no_record(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage, gone_at: str
) -> None:
    ticket = created(database, clock)
    before = snapshot(database)
    broken = BreakingStore(store, gone_at=gone_at)

    with pytest.raises(StoreUnavailable):
        attach_files(
            Operation(database, clock, actor=AGENT), broken, ticket.id, stage(PHOTO, LARGE)
        )

    assert snapshot(database) == before
    assert all(key.startswith("tickets/") for key in keys(store)), "temp/ is cleared away"
    assert list(store.partial_uploads("temp/")) == []


@pytest.mark.only_stores("directory")
def test_a_copy_that_is_not_there_is_not_recorded(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage
) -> None:
    ticket = created(database, clock)

    class Lying(BreakingStore):
        def copy(self, source: str, target: str) -> None:
            del source, target

    with pytest.raises(ContentChanged):
        attach_files(
            Operation(database, clock, actor=AGENT), Lying(store), ticket.id, stage(LARGE)
        )

    assert rows(database, "SELECT * FROM ticket_attachments") == []


@pytest.mark.slow("a server is killed and started again")
@pytest.mark.only_on("sqlite")
@pytest.mark.only_stores("seaweedfs")
@pytest.mark.parametrize("dies_at", ["put", "begin_parts", "put_part", "end_parts", "copy"])
def test_a_server_that_dies_in_the_middle_of_an_upload_leaves_no_record(
    database: Database,
    store: ObjectStore,
    s3_servers: S3Servers,
    clock: SetClock,
    stage: Stage,
    dies_at: str,
) -> None:
    server = s3_servers.of("seaweedfs")
    ticket = created(database, clock)
    dying = BreakingStore(store, before={dies_at: server.crash})
    try:
        with pytest.raises(StoreUnavailable):
            attach_files(
                Operation(database, clock, actor=AGENT), dying, ticket.id, stage(PHOTO, LARGE)
            )
    finally:
        server.start()

    assert rows(database, "SELECT * FROM ticket_attachments") == []
    attach_files(Operation(database, clock, actor=AGENT), store, ticket.id, stage(PHOTO, LARGE))
    assert not verify_files(database, store).is_broken


def test_a_closed_ticket_takes_no_file(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage
) -> None:
    ticket = brought_to(database, clock, Status.CLOSED)
    before = snapshot(database)

    with pytest.raises(TransitionNotAllowed):
        attach_files(Operation(database, clock, actor=AGENT), store, ticket.id, stage(PHOTO))

    assert snapshot(database) == before
    assert keys(store) == []


@pytest.mark.only_stores("directory")
def test_a_ticket_closed_while_its_file_is_sent_takes_it_not(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage
) -> None:
    ticket = created(database, clock)

    def close() -> None:
        close_ticket(Operation(database, clock, actor=AGENT), ticket.id, reason="spam")

    closing = BreakingStore(store, before={"put": close})
    with pytest.raises(TransitionNotAllowed):
        attach_files(Operation(database, clock, actor=AGENT), closing, ticket.id, stage(PHOTO))

    assert rows(database, "SELECT * FROM ticket_attachments") == []
    assert rows(database, "SELECT * FROM savctl_uploads") == []


@pytest.mark.only_stores("directory")
def test_an_upload_that_was_cleaned_up_meanwhile_is_not_recorded(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage
) -> None:
    ticket = created(database, clock)

    def clean() -> None:
        database.transaction(lambda c: c.exec_driver_sql("DELETE FROM savctl_uploads"))

    cleaning = BreakingStore(store, before={"put": clean})
    with pytest.raises(Unavailable, match="cleaned up"):
        attach_files(Operation(database, clock, actor=AGENT), cleaning, ticket.id, stage(PHOTO))

    assert rows(database, "SELECT * FROM ticket_attachments") == []


@pytest.mark.only_stores("directory")
def test_a_key_that_is_being_removed_is_not_taken_and_one_that_shall_go_is_spared(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage
) -> None:
    ticket = created(database, clock)
    (photo,) = stage(PHOTO)
    doomed = PurgeRequest(
        key=photo.key(ticket.id), reason=PurgeReason.ORPHAN, due_at=clock(), hidden_at=clock()
    )
    in_transaction(database, lambda uow: uow.purges.want([doomed], at=clock()))
    (wanted,) = rows(database, "SELECT id FROM savctl_purges")
    in_transaction(database, lambda uow: uow.purges.claim([wanted["id"]], at=clock()))
    before = snapshot(database)

    with pytest.raises(KeyBeingRemoved):
        attach_files(Operation(database, clock, actor=AGENT), store, ticket.id, [photo])
    assert snapshot(database) == before

    unclaim = "UPDATE savctl_purges SET claimed_at = NULL"
    database.transaction(lambda c: c.exec_driver_sql(unclaim))
    attach_files(Operation(database, clock, actor=AGENT), store, ticket.id, [photo])
    assert rows(database, "SELECT * FROM savctl_purges") == []


def test_a_message_and_its_files_are_one(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage
) -> None:
    ticket = brought_to(database, clock, Status.WAITING_CUSTOMER)

    _, message, _ = add_message(
        Operation(database, clock),
        ticket.id,
        sender=("customer", CUSTOMER),
        body="Here",
        files=stage(PHOTO, LETTER),
        store=store,
    )

    found = rows(database, "SELECT * FROM ticket_attachments ORDER BY id")
    assert [record["message_id"] for record in found] == [message["id"]] * 2
    assert message["attachment_ids"] == [record["id"] for record in found]
    published = [event["data"] for event in events(database) if event["event"] == "MessageAdded"]
    assert [(t["has_attachments"], t["attachment_count"]) for t in published] == [(True, 2)]
    (status,) = rows(database, "SELECT status FROM support_tickets")
    assert status["status"] == "in_progress"
    assert [action for action, *_ in audited(database)] == ["file_added"] * 2


def test_a_message_is_not_stored_when_its_file_cannot_be(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage
) -> None:
    ticket = brought_to(database, clock, Status.WAITING_CUSTOMER)
    before = snapshot(database)
    broken = BreakingStore(store, gone_at="put", calls_left=1)

    with pytest.raises(StoreUnavailable):
        add_message(
            Operation(database, clock),
            ticket.id,
            sender=("customer", CUSTOMER),
            body="Here",
            files=stage(PHOTO, LETTER),
            store=broken,
        )

    assert snapshot(database) == before


def test_a_new_ticket_has_its_files(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage
) -> None:
    files = stage(PHOTO, LARGE, ("again.jpg", JPEG))

    made = create_ticket_with_files(Operation(database, clock, actor=AGENT), store, WANTED, files)

    ticket, found = list_attachments(database, made.change.ticket.id)
    assert [f.original_name for f in found] == ["photo.jpg", "scan.pdf", "again.jpg"]
    assert keys(store) == sorted({f.file_path for f in found})
    assert all(f.file_path.startswith(f"tickets/{ticket.id}/") for f in found)
    assert list(store.versions("temp/")) == []
    assert rows(database, "SELECT * FROM savctl_uploads") == []


@pytest.mark.parametrize("gone_at", ["put", "begin_parts", "put_part", "end_parts", "copy"])
def test_without_a_bucket_no_ticket_is_made(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage, gone_at: str
) -> None:
    before = snapshot(database)
    broken = BreakingStore(store, gone_at=gone_at)

    with pytest.raises(StoreUnavailable):
        create_ticket_with_files(
            Operation(database, clock, actor=AGENT), broken, WANTED, stage(PHOTO, LARGE)
        )

    assert snapshot(database) == before
    made = create_ticket_with_files(
        Operation(database, clock, actor=AGENT), store, WANTED, stage(PHOTO)
    )
    assert len(made.attachments) == 1


@pytest.mark.only_stores("directory")
def test_nobody_sees_a_new_ticket_before_its_files_are_on_record(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage
) -> None:
    """What is committed when is what a kill leaves behind."""
    seen: list[tuple[int, int]] = []

    def look() -> None:
        tickets, records = (rows(database, f"SELECT id FROM {name}") for name in TICKETS_AND_FILES)
        seen.append((len(tickets), len(records)))

    calls = ("put", "begin_parts", "put_part", "end_parts", "copy", "find", "purge")
    watched = BreakingStore(store, before=dict.fromkeys(calls, look))
    files = stage(PHOTO, LARGE)
    create_ticket_with_files(Operation(database, clock, actor=AGENT), watched, WANTED, files)
    look()

    assert seen == [(0, 0)] * 6 + [(1, 2)] * 2, "only what is left below temp/ goes afterwards"


@pytest.mark.only_stores("directory")
def test_a_ticket_made_meanwhile_does_not_get_the_id_that_files_were_sent_to(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage
) -> None:
    others: list[int] = []
    watched = BreakingStore(
        store, before={"put": lambda: others.append(created(database, clock).id)}
    )

    made = create_ticket_with_files(
        Operation(database, clock, actor=AGENT), watched, WANTED, stage(PHOTO)
    )

    ticket = made.change.ticket
    (record,) = rows(database, "SELECT ticket_id, file_path FROM ticket_attachments")
    assert ticket.id not in others
    assert record["ticket_id"] == ticket.id
    assert record["file_path"].startswith(f"tickets/{ticket.id}/")
    assert [e["data"]["ticket_id"] for e in events(database)] == [*others, ticket.id]
    assert created(database, clock).id > max(*others, ticket.id)


@pytest.mark.only_stores("directory")
def test_the_same_key_answers_the_same_ticket_with_its_files(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage
) -> None:
    files = stage(PHOTO, LETTER)
    broken = BreakingStore(store, gone_at="put")

    def create(store: ObjectStore) -> Any:
        return create_ticket_with_files(
            Operation(database, clock, actor=AGENT, idempotency_key="mail-4711"),
            store,
            WANTED,
            files,
        )

    with pytest.raises(StoreUnavailable):
        create(broken)
    first, again = create(store), create(broken)

    assert (first.is_replayed, again.is_replayed) == (False, True)
    assert again.change.ticket.ticket_number == first.change.ticket.ticket_number
    assert [a.id for a in again.attachments] == [a.id for a in first.attachments]
    assert len(rows(database, "SELECT * FROM support_tickets")) == 1
    assert len(rows(database, "SELECT * FROM ticket_attachments")) == 2


Dry = Callable[[Database, SetClock, ObjectStore, Stage, int], object]


@pytest.mark.only_stores("directory")
@pytest.mark.parametrize(
    "work",
    [
        lambda d, c, s, f, t: attach_files(
            Operation(d, c, actor=AGENT, dry_run=True), s, t, f(PHOTO, LARGE)
        ),
        lambda d, c, s, f, t: add_message(
            Operation(d, c, dry_run=True),
            t,
            sender=("agent", AGENT),
            body="x",
            files=f(PHOTO),
            store=s,
        ),
        lambda d, c, s, f, t: create_ticket_with_files(
            Operation(d, c, actor=AGENT, dry_run=True), s, WANTED, f(PHOTO, LARGE)
        ),
    ],
    ids=["add", "message", "create"],
)
def test_a_dry_run_stores_nothing_and_asks_the_bucket_nothing(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage, work: Dry
) -> None:
    ticket = created(database, clock)
    before = snapshot(database)
    watched = BreakingStore(store)

    work(database, clock, watched, stage, ticket.id)

    assert snapshot(database) == before
    assert watched.calls == []


@pytest.mark.only_stores("directory")
def test_the_same_key_answers_the_same_records(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage
) -> None:
    ticket = created(database, clock)

    def attach(*files: tuple[str, bytes]) -> Any:
        return attach_files(
            Operation(database, clock, actor=AGENT, idempotency_key="k"),
            store,
            ticket.id,
            stage(*files),
        )

    first, second = attach(PHOTO), attach(PHOTO)

    assert (second.is_replayed, second.changed) == (True, False)
    assert [a.id for a in second.attachments] == [a.id for a in first.attachments]
    assert len(rows(database, "SELECT * FROM ticket_attachments")) == 1
    with pytest.raises(SavError, match="another request"):
        attach(LETTER)


@pytest.mark.only_stores("directory")
def test_keys_that_differ_in_case_only_are_other_keys(
    database: Database, store: ObjectStore, clock: SetClock
) -> None:
    wanted = ["tickets/1/a.jpg", "tickets/1/A.jpg", "tickets/1/é.jpg", "tickets/1/e.jpg"]
    ticket = created(database, clock)
    database.transaction(
        lambda c: c.exec_driver_sql(
            "INSERT INTO ticket_attachments (ticket_id, original_name, filename, file_path, "
            "mime_type, file_size, created_at, updated_at) VALUES "
            f"({ticket.id}, 'a', 'a', '{wanted[0]}', 'image/jpeg', 1, "
            "'2025-10-03 10:30:00', '2025-10-03 10:30:00')"
        )
    )

    with database.reading() as connection:
        found = named(connection, wanted)
        anew = UnitOfWork(connection).attachments.naming_of([ticket.id], wanted)

    assert (set(found), anew) == ({wanted[0]}, {wanted[0]})


def test_staged_copies_are_seen_each_for_itself(stage: Stage) -> None:
    first, second = stage(PHOTO, ("b.png", PNG))

    with first.open() as one, second.open() as other:
        assert (one.read(3), other.read(), one.read()) == (JPEG[:3], PNG, JPEG[3:])
        assert one.seek(0, os.SEEK_END) == len(JPEG)
        assert other.seek(1) == 1


@pytest.mark.only_on("sqlite")
@pytest.mark.only_stores("directory")
def test_a_file_of_ten_megabytes_leaves_memory_as_it_is(
    database: Database, store: ObjectStore, clock: SetClock
) -> None:
    ticket = created(database, clock)

    class Endless:
        """A PDF of ten megabytes that is nowhere whole."""

        def __init__(self) -> None:
            self.left = 10 * MB

        def read(self, size: int) -> bytes:
            size = min(size, self.left)
            start = PDF if self.left == 10 * MB else b""
            self.left -= size
            return start + os.urandom(size - len(start))

    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with Staging(None) as staging:
        small = staging.add("small.pdf", Endless())  # type: ignore[arg-type]
        attach_files(Operation(database, clock, actor=AGENT), store, ticket.id, [small])
        before = peak()
        many = [staging.add(f"{n}.pdf", Endless()) for n in range(4)]  # type: ignore[arg-type]
        attach_files(Operation(database, clock, actor=AGENT), store, ticket.id, many)

    assert peak() - before < 8_000, "kB more for four times ten megabytes"


def test_a_missing_ticket_is_reported_before_anything_is_sent(
    database: Database, store: ObjectStore, clock: SetClock, stage: Stage
) -> None:
    with pytest.raises(NotFound):
        attach_files(Operation(database, clock, actor=AGENT), store, 4711, stage(PHOTO))

    clock.advance(timedelta(days=1))
    assert keys(store) == []
