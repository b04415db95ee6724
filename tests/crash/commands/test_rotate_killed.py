"""kill -9 at any moment of `keys rotate` while others write: nothing is lost or stays plain."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

import pytest

from savctl.adapters.keys import KeysFile
from savctl.domain.encryption.codec import MetadataCodec
from savctl.domain.model.metadata import EMPTY, Metadata
from savctl.domain.model.states import Status
from savctl.persistence.bulk import insert_tickets
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.creation import edit_ticket
from tests.crash.processes import Aim, count, ended, finished, running, wait_until
from tests.depth import KILLS, work_for_kills
from tests.given import a_ticket, rows

pytestmark = pytest.mark.slow("kills processes at work, again and again")

TICKETS = work_for_kills(60)
WRITERS = 4
JOB = ("keys", "rotate", "--quiet")
WORD = "Zaphod"
BATCHES = "SELECT COUNT(*) AS n FROM savctl_audit WHERE action = 'keys_rotate'"


def values_of(number: int) -> dict[str, object]:
    return {"contact": {"name": f"{WORD}-{number}"}, "phone": f"{WORD}+{number}", "n": number}


def some_tickets(database: Database, codec: MetadataCodec) -> None:
    """Tickets with two values each: every second one plain, the others of the old key."""
    plain = [
        a_ticket(ticket_number=f"TKT-{n:06d}", metadata=EMPTY.with_members(**values_of(n)))
        for n in range(1, TICKETS + 1)
    ]
    ids = database.transaction(lambda c: insert_tickets(c, plain))
    assert ids == list(range(1, TICKETS + 1))
    for ticket_id in ids[::2]:
        stored = codec.encrypted(ticket_id, plain[ticket_id - 1].metadata).text()
        database.transaction(
            lambda c, i=ticket_id, text=stored: c.exec_driver_sql(  # type: ignore[misc]
                "UPDATE support_tickets SET metadata = "
                + ("?" if database.is_sqlite else "%s")
                + f" WHERE id = {i}",
                (text,),
            )
        )


def write_on(database: Database, end: threading.Event, first: int, done: list[int]) -> None:
    """Edit tickets until the end, each a member of its own and a sensitive one."""
    number = first
    while not end.is_set():
        ticket_id = number % TICKETS + 1
        meta = {f"w{first}": number, "email": f"{WORD}@{ticket_id}"}
        edit_ticket(Operation(database, system_clock), ticket_id, {}, meta=meta)
        done.append(ticket_id)
        number += WRITERS


def test_a_rotation_killed_again_and_again_loses_nothing_and_leaves_nothing_plain(
    database: Database, database_url: str, environment: dict[str, str], tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    KeysFile(keys).add("K1")
    codec = MetadataCodec(keys=KeysFile(keys).keys)
    some_tickets(database, codec)
    KeysFile(keys).add("K2")
    database.codec = codec
    environment |= {
        "SAVCTL_DATABASE_URL": database_url,
        "SAVCTL_KEYS_FILE": str(keys),
        "SAVCTL_BATCH_SIZE": "3",
    }
    end, edited = threading.Event(), [list[int]() for _ in range(WRITERS)]
    writers = [
        threading.Thread(target=write_on, args=(database, end, n, edited[n]))
        for n in range(WRITERS)
    ]
    hits, aim = 0, Aim(0.4)
    for writer in writers:
        writer.start()
    try:
        for number in range(KILLS):
            before = count(database, BATCHES)
            with running(environment, *JOB) as process:
                if number % 2:  # at any moment, or else in the middle of its work
                    wait_until(
                        lambda b=before, p=process: (  # type: ignore[misc]
                            count(database, BATCHES) > b or p.poll() is not None
                        ),
                        what="a batch",
                    )
                else:
                    aim.pause()
                is_at_work = process.poll() is None
                process.send_signal(signal.SIGKILL)
            moved = count(database, BATCHES) - before
            hits += is_at_work and moved > 0
            aim.learn(too_late=moved > TICKETS / KILLS)
    finally:
        end.set()
        for writer in writers:
            writer.join()

    assert finished(environment, *JOB) == 0
    assert hits, "no kill hit a rotation at work"
    assert all(edited)
    assert_all_is_there(database, codec, {one for part in edited for one in part})
    if not database.is_sqlite:
        return
    database.close()
    files = list(Path(database_url.removeprefix("sqlite:///")).parent.glob("savctl.db*"))
    assert not any(WORD.encode() in path.read_bytes() for path in files)


def test_a_rotation_that_is_asked_to_stop_ends_after_its_batch_and_is_continued(
    database: Database, database_url: str, environment: dict[str, str], tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    KeysFile(keys).add("K1")
    codec = MetadataCodec(keys=KeysFile(keys).keys)
    some_tickets(database, codec)
    KeysFile(keys).add("K2")
    environment |= {
        "SAVCTL_DATABASE_URL": database_url,
        "SAVCTL_KEYS_FILE": str(keys),
        "SAVCTL_BATCH_SIZE": "3",
    }

    with running(environment, *JOB) as process:
        wait_until(lambda: count(database, BATCHES) > 1, what="a rotation at work")
        process.send_signal(signal.SIGTERM)
        code, out, _ = ended(process)

    assert code == 143
    assert "changed" in out
    assert count(database, BATCHES) < TICKETS // 3, "it had not come to its end"
    assert finished(environment, *JOB) == 0
    assert_all_is_there(database, codec, set())


def assert_all_is_there(database: Database, codec: MetadataCodec, edited: set[int]) -> None:
    """Every value opens with the current key and is what it was; edits are there as well."""
    for row in rows(database, "SELECT id, metadata FROM support_tickets"):
        text = str(row["metadata"])
        assert WORD not in text
        assert "savctl:enc:1:K1:" not in text
        opened = codec.decrypted(row["id"], Metadata.read(text))
        assert opened.unreadable == ()
        assert dict(opened.metadata).items() >= values_of(row["id"]).items()
        if row["id"] in edited:
            assert opened.metadata["email"] == f"{WORD}@{row['id']}"
    assert (
        count(
            database, f"SELECT COUNT(*) AS n FROM support_tickets WHERE status = '{Status.OPEN}'"
        )
        == TICKETS
    )
    entries = rows(database, "SELECT entry FROM savctl_audit WHERE action = 'keys_rotate'")
    assert sum(json.loads(row["entry"])["tickets"] for row in entries) <= 2 * TICKETS
