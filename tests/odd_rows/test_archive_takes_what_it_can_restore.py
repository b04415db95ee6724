"""The archive and odd rows: restored equal, or never taken (rules 20.10)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from savctl.adapters.directory.store import DirectoryStore
from savctl.errors import Refused
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.archive import steps
from savctl.usecases.archive.cold_storage import DEFAULT_PREFIX, ColdStorage
from savctl.usecases.archive.restore import restore_ticket
from savctl.usecases.batch.report import ItemOutcome
from savctl.usecases.operation import Operation
from tests.archive.support import all_rows, archive, hot_ids, old_tickets
from tests.given import rows
from tests.odd_rows.kinds import ZERO, A, M, T, kinds_for
from tests.odd_rows.shop import odd_statements, write_odd


@pytest.fixture
def cold(tmp_path: Any, clock: SetClock) -> Any:
    store = DirectoryStore(tmp_path / "cold", clock)
    yield ColdStorage(store, DEFAULT_PREFIX)
    store.close()


def numbered(database: Database) -> dict[int, str]:
    found = rows(database, "SELECT id, ticket_number FROM support_tickets")
    return {row["id"]: row["ticket_number"] for row in found}


@pytest.mark.only_on("sqlite", "mariadb")
def test_every_kind_of_row_comes_back_equal_or_stays(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    kinds = kinds_for(is_sqlite=database.is_sqlite)
    write_odd(database, [s for s in odd_statements(kinds) if "-lapsed'" in s])
    before, names = all_rows(database), numbered(database)
    foreseen = {i.id for i in archive(database, clock, cold, dry_run=True).items if is_left(i)}

    report = archive(database, clock, cold)

    stayed, left = hot_ids(database), {item.id for item in report.items if is_left(item)}
    never_due = {"status = ''", "status = 'on_hold'", "closed_at = x'00'"}
    due = {i for i in stayed if kinds[kind_of(names[i])].sets not in never_due}
    assert due == left == foreseen  # what stays is reported, and a dry run knows it
    stayed_kinds = {kind_of(names[i]) for i in stayed}
    assert {n for n, kind in enumerate(kinds) if kind.stays_hot} <= stayed_kinds
    for ticket_id in sorted(set(names) - stayed):
        restore_ticket(Operation(database, clock, actor=5), cold, ticket_id)
    different = differences(before, all_rows(database))
    assert {names.get(ticket_id, ticket_id): what for ticket_id, what in different.items()} == {}


def is_left(item: Any) -> bool:
    return item.outcome is not ItemOutcome.CHANGED


def kind_of(number: str) -> int:
    return int(number.split("-")[1])


def differences(before: Any, after: Any) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for table, wanted in before.items():
        for row_id, row in wanted.items():
            now = after[table].get(row_id, {})
            names = [n for n in row if n not in now or not same(n, row[n], now[n])]
            if names:
                found.setdefault(row.get("ticket_id", row_id), []).append(f"{table} {names}")
    return found


def same(name: str, old: Any, new: Any) -> bool:
    """Equal; of metadata, equal but for the entry of the restoration."""
    if name != "metadata" or old == new:
        return bool(old == new)
    stored = json.loads(new)
    entries = [e for e in stored["history"] if not _is_restored(e)]
    try:
        was = json.loads(old) if old is not None else {}
    except (ValueError, RecursionError):
        was = None
    if not isinstance(was, dict):
        return bool(stored["unreadable"] == old)
    kept = was.get("history", [])
    moved = stored.get("unreadable_history") == kept
    return moved or (entries == kept and {**was, "history": 0} == {**stored, "history": 0})


def _is_restored(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.get("action") == "restored"


# What the column of each table can hold, odd or not; on both kinds of databases.
_VALUES = {
    f"{T}.priority": ("''", "'low'"),
    f"{T}.category": ("NULL", "''", "' x '", "'Ünï'", "'a''b\\\\c'"),
    f"{T}.order_id": ("0", "9223372036854775807", "NULL"),
    f"{T}.resolved_at": (ZERO, "NULL", "'1999-12-31 23:59:59'"),
    f"{T}.updated_at": (ZERO, "'2030-01-01 00:00:00'"),
    f"{T}.metadata": ("''", "'{'", "'[]'", "'{\"a\": 1.10}'", '\'{"a":1,"a":2}\'', "NULL"),
    f"{M}.sender_type": ("''", "'customer'"),
    f"{M}.is_internal": ("0", "1", "7", "-1"),
    f"{M}.read_at": (ZERO, "NULL"),
    f"{M}.message": ("''", "'\x1b[1m\r\n'"),
    f"{A}.message_id": ("999999", "NULL"),
    f"{A}.file_size": ("0", "4294967295"),
    f"{A}.created_at": (ZERO, "'2024-01-01 00:00:00'"),
}
_CHANGE = st.sampled_from(sorted(_VALUES)).flatmap(
    lambda place: st.tuples(st.just(place), st.sampled_from(_VALUES[place]))
)


@pytest.mark.only_on("sqlite", "mariadb")
@settings(max_examples=12)
@given(changes=st.lists(_CHANGE, min_size=1, max_size=4))
def test_any_row_is_restored_equal_or_never_taken(
    database: Database,
    clock: SetClock,
    cold: ColdStorage,
    changes: list[tuple[str, str]],
) -> None:
    (ticket,) = old_tickets(database, 1, first=len(all_numbers(database)) + 1, attachments_each=1)
    sets = [(place.partition("."), value) for place, value in changes]
    write_odd(
        database,
        [
            f"UPDATE {table} SET {column} = {value} "
            f"WHERE {'id' if table == T else 'ticket_id'} = {ticket}"
            for (table, _, column), value in sets
        ],
    )
    before = all_rows(database)

    report = archive(database, clock, cold)

    if ticket in hot_ids(database):
        assert [item.id for item in report.items if is_left(item)].count(ticket) == 1
        assert all_rows(database) == before
        write_odd(database, [f"UPDATE {T} SET status = 'open' WHERE id = {ticket}"])  # not again
    else:
        restore_ticket(Operation(database, clock, actor=5), cold, ticket)
        assert differences(before, all_rows(database)) == {}


def all_numbers(database: Database) -> list[Any]:
    return rows(database, "SELECT id FROM support_tickets")


@pytest.mark.only_on("sqlite", "mariadb")
def test_a_bundle_of_before_comes_back_or_says_what_is_missing(
    database: Database, clock: SetClock, cold: ColdStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = [f"UPDATE {T} SET created_at = {ZERO}, priority = '' WHERE id = {{}}"]
    odd.append(f"UPDATE {M} SET sender_type = '', read_at = {ZERO} WHERE ticket_id = {{}}")
    orphan = f"UPDATE {A} SET message_id = 999999 WHERE ticket_id = {{}}"
    first, second = old_tickets(database, 2, attachments_each=1)
    write_odd(database, [*(s.format(first) for s in odd), orphan.format(second)])
    before = all_rows(database)
    monkeypatch.setattr(steps, "require_restorable", lambda *_: None)  # as releases before did
    archive(database, clock, cold)
    assert hot_ids(database) == set()

    restore_ticket(Operation(database, clock, actor=5), cold, first)

    assert first not in differences(before, all_rows(database))
    if database.is_sqlite:
        with pytest.raises(Refused, match=r"message 999999 of attachment .* is missing"):
            restore_ticket(Operation(database, clock, actor=5), cold, second)
    else:
        restore_ticket(Operation(database, clock, actor=5), cold, second)
        assert differences(before, all_rows(database)) == {}


@pytest.mark.only_on("mariadb")
def test_a_value_that_a_column_of_another_program_takes_no_more_stays(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    good, bad = old_tickets(database, 2)
    add = f"ALTER TABLE {T} ADD COLUMN their_kind ENUM('a') NULL, ADD COLUMN their_day DATE NULL"
    write_odd(database, [add, f"UPDATE {T} SET their_kind = 'a', their_day = '2024-02-29'"])
    try:
        zero = f"UPDATE {T} SET their_kind = 'x', their_day = '0000-00-00' WHERE id = {bad}"
        write_odd(database, [zero])

        report = archive(database, clock, cold)

        assert hot_ids(database) == {bad}
        assert [item.id for item in report.items] == [bad]
        restore_ticket(Operation(database, clock, actor=5), cold, good)
    finally:
        write_odd(database, [f"ALTER TABLE {T} DROP COLUMN their_kind, DROP COLUMN their_day"])
