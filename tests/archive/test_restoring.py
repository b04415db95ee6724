"""One archived ticket comes back as it was, plus one history entry (rules 9.1, 11.9)."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.domain.model.metadata import Metadata
from savctl.errors import NotFound
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.archive.cold_storage import DEFAULT_PREFIX, ColdStorage, Damaged
from savctl.usecases.archive.restore import Collision, read_archived, restore_ticket
from savctl.usecases.archive.verify import verify_archive
from savctl.usecases.operation import Operation
from tests.archive.support import (
    Rows,
    all_rows,
    archive,
    archived_ids,
    bundle_states,
    hot_ids,
    lines_in,
    old_tickets,
)
from tests.conftest import Cli
from tests.given import DAY, created, rows, snapshot, write

pytestmark = pytest.mark.each_database("rows come back as the columns hold them")


def without_restored(found: Rows, before: Rows) -> Rows:
    """The rows with the last history entry, `restored`, taken off the tickets' metadata."""
    for ticket_id, row in found["support_tickets"].items():
        metadata = Metadata.read(row["metadata"])
        *history, last = metadata.history_items
        assert isinstance(last, dict)
        assert (last["action"], last["actor"], last["reason"]) == ("restored", 5, "court case")
        was = Metadata.read(before["support_tickets"][ticket_id]["metadata"])
        assert history == was.history_items
        assert dict(metadata.without("history")) == dict(was.without("history"))
        row["metadata"] = before["support_tickets"][ticket_id]["metadata"]
    return found


def restore(database: Database, clock: SetClock, cold: ColdStorage, ref: int | str) -> None:
    restore_ticket(Operation(database, clock, actor=5), cold, ref, reason="court case")


def test_restored_tickets_are_as_they_were_field_by_field(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    ids = old_tickets(database, 30)
    before = all_rows(database)
    archive(database, clock, cold, bundle_tickets=10)

    for ticket_id in ids:
        restore(database, clock, cold, ticket_id)

    assert without_restored(all_rows(database), before) == before
    assert archived_ids(database) == set()
    audited = rows(database, "SELECT ticket_id FROM savctl_audit WHERE action = 'restored'")
    assert {row["ticket_id"] for row in audited} == set(ids)


def test_the_number_finds_it_in_any_case(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    (ticket,) = old_tickets(database, 1)
    archive(database, clock, cold)

    restore(database, clock, cold, "tkt-000001")

    assert hot_ids(database) == {ticket}


def test_the_copy_of_a_restored_ticket_goes_with_the_next_run_and_the_others_stay(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    first, *others = old_tickets(database, 10)
    archive(database, clock, cold)
    restore(database, clock, cold, first)
    assert rows(database, "SELECT ticket_id FROM savctl_archive_copies") == [{"ticket_id": first}]

    report = archive(database, clock, cold)

    assert {line["ticket_id"] for line in lines_in(cold)} == set(others) == archived_ids(database)
    assert rows(database, "SELECT ticket_id FROM savctl_archive_copies") == []
    assert bundle_states(database) == ["done"]
    assert [one.problem for one in verify_archive(database, cold)] == [None]
    assert "restored on 2025-10-03: stays for 30 days" in str(report.items[0].reason)
    assert sum(1 for _ in cold.store.versions("archive/")) == 2  # one bundle, one manifest


def test_a_restored_ticket_is_archived_again_after_30_days(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    (ticket,) = old_tickets(database, 1)
    archive(database, clock, cold)
    restore(database, clock, cold, ticket)
    clock.advance(30 * DAY)

    archive(database, clock, cold)

    assert archived_ids(database) == {ticket}
    restore(database, clock, cold, ticket)
    history = Metadata.read(rows(database, "SELECT metadata FROM support_tickets")[0]["metadata"])
    assert [entry.action for entry in history.history] == [
        "created",
        "status",
        "restored",
        "restored",
    ]


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        ("UPDATE support_tickets SET id = {id}", "support_tickets.id"),
        ("UPDATE support_tickets SET ticket_number = 'tkt-000001'", "ticket_number"),
        (
            (
                "INSERT INTO ticket_messages (id, ticket_id, sender_id, sender_type, message, "
                "created_at, updated_at) SELECT 2, id, 1, 'agent', 'x', created_at, created_at "
                "FROM support_tickets"
            ),
            "ticket_messages.id 2",
        ),
    ],
)
def test_a_collision_is_refused_by_name_and_changes_nothing(
    database: Database, clock: SetClock, cold: ColdStorage, spoil: str, named: str
) -> None:
    (ticket,) = old_tickets(database, 1)
    archive(database, clock, cold)
    created(database, clock)
    write(database, spoil.format(id=ticket))
    before = snapshot(database)

    with pytest.raises(Collision, match=named):
        restore(database, clock, cold, ticket)

    assert snapshot(database) == before


def test_a_damaged_bundle_gives_nothing_back_and_is_found(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    (ticket,) = old_tickets(database, 1)
    archive(database, clock, cold)
    (bundle,) = cold.objects()
    text = b'{"ticket_id": %d, "ticket_number": "TKT-000001"}' % ticket
    cold.write(bundle.key, [text])

    with pytest.raises(Damaged):
        restore(database, clock, cold, ticket)

    assert "sha256" in str(next(one.problem for one in verify_archive(database, cold)))
    assert archived_ids(database) == {ticket}


def test_a_bundle_that_is_gone_and_one_that_nobody_knows_are_found(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    old_tickets(database, 1)
    archive(database, clock, cold)
    (bundle,) = cold.objects()
    cold.purge(bundle.key)
    cold.write("archive/2020/01/other.jsonl.zst", [])

    problems = [str(one.problem) for one in verify_archive(database, cold)]

    assert problems[0].startswith("is not in")
    assert "another one's" in problems[1]


def test_a_ticket_that_is_not_archived_is_not_found(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    with pytest.raises(NotFound, match="TKT-1 is archived"):
        restore(database, clock, cold, "TKT-1")


def test_the_commands_archive_show_list_verify_and_restore(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    old_tickets(database, 3)

    ran = cli("archive", "run", "--yes", "-o", "json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["changed"] == 3

    assert cli("archive", "list", "-o", "ids").out.split() == [f"TKT-00000{n}" for n in (1, 2, 3)]
    shown = json.loads(cli("archive", "show", "tkt-000002", "-o", "json").out)
    assert (shown["ticket_number"], len(shown["messages"])) == ("TKT-000002", 3)
    assert shown["metadata"]["tags"] == ["a", "é😀"]
    page = cli("archive", "show", "tkt-000002").out
    assert page.startswith("TKT-000002  ")
    assert "Conversation (3)" in page
    assert "a, é😀" in page
    assert "{" not in page
    assert cli("archive", "verify").code == 0

    gone = cli("ticket", "show", "TKT-000002")
    assert gone.code == 4
    assert "savctl archive show TKT-000002" in gone.err

    assert cli("archive", "restore", "TKT-000002").code == 6
    assert cli("archive", "restore", "TKT-000002", "--confirm", "TKT-000003").code == 6
    dry = cli("archive", "restore", "TKT-000002", "--dry-run")
    assert (dry.code, cli("ticket", "show", "TKT-000002").code) == (0, 4)
    back = cli("archive", "restore", "TKT-000002", "--confirm", "TKT-000002", "--as", 5)
    assert back.code == 0, back.err
    assert cli("ticket", "show", "TKT-000002").code == 0
    assert cli("archive", "show", "TKT-000002").code == 4


class Terminal(io.StringIO):
    """Somebody sits there and types."""

    def isatty(self) -> bool:
        return True


def test_the_number_that_a_person_is_to_type_cannot_steer_the_terminal(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ticket,) = old_tickets(database, 1)
    write(database, f"UPDATE support_tickets SET ticket_number = 'TKT-\x1b[2J{ticket}'")
    assert cli("archive", "run").code == 0
    typed, shown = Terminal(f"tkt-\x1b[2J{ticket}\n"), Terminal()
    with monkeypatch.context() as patched:
        patched.setattr("sys.stdin", typed)
        patched.setattr("sys.stderr", shown)

        assert cli("archive", "restore", ticket).code == 0

    assert shown.getvalue() == f"Type TKT-\\x1b[2J{ticket} to bring it back: "
    assert hot_ids(database) == {ticket}


class Overtaken(DirectoryStore):
    """A folder in which a bundle is written anew just when somebody wants to read it."""

    happens: Callable[[], object] | None = None

    @contextmanager
    def read(self, key: str, version_id: str | None = None) -> Iterator[Iterator[bytes]]:
        happens, self.happens = self.happens, None
        if happens is not None:
            happens()
        with super().read(key, version_id) as pieces:
            yield pieces


@pytest.fixture
def overtaken(tmp_path: Path, clock: SetClock) -> Iterator[Overtaken]:
    found = Overtaken(tmp_path / "files", clock)
    yield found
    found.close()


def test_a_bundle_written_anew_while_it_is_read_is_no_damage(
    database: Database, clock: SetClock, overtaken: Overtaken
) -> None:
    old_tickets(database, 3)
    cold = ColdStorage(overtaken, DEFAULT_PREFIX)
    archive(database, clock, cold)
    restore(database, clock, cold, 1)
    overtaken.happens = lambda: archive(database, clock, cold)  # takes the copy of 1 out

    found = read_archived(database, cold, 2)

    assert found.archived.ticket_number == "TKT-000002"
    restore(database, clock, cold, 2)
    overtaken.happens = lambda: archive(database, clock, cold)
    checked = list(verify_archive(database, cold))
    assert [(one.tickets, one.problem) for one in checked] == [(1, None)]
