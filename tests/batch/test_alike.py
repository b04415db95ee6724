"""What many tickets of a batch have in common is bound once, and stored as for one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

import pytest

from savctl.domain.model.history import HistoryEntry
from savctl.domain.model.metadata import Metadata, entry_text
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets import lifecycle
from savctl.persistence.audit import Audited
from savctl.persistence.engine import Database
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import SetClock
from tests.given import AGENT, BOSS, NOW, created, rows, write
from tests.tickets.test_statements import verbs

MANY = 30


@dataclass
class Changed:
    """Locked tickets that were assigned: what was to be stored."""

    tickets: list[Ticket]

    def texts(self) -> dict[int, str | None]:
        return {ticket.id: ticket.metadata.text() for ticket in self.tickets}


def change_all(database: Database, ids: list[int], *, own: int | None = None) -> Changed:
    """Assign tickets, or have the assigned wait, in one batch; `own` gets a reason of its own."""

    def work(uow: UnitOfWork) -> Changed:
        decided = []
        for ticket in uow.tickets.lock_many(ids):
            terms: Any = {"by": BOSS, "now": NOW + timedelta(hours=1)}
            terms["reason"] = "their own" if ticket.id == own else None
            if ticket.assigned_to is None:
                made = lifecycle.assign(ticket, AGENT, **terms)
            else:
                made = lifecycle.move(ticket, Status.WAITING_CUSTOMER, **terms)
            decided.append((ticket, made))
        uow.record_many(decided)
        return Changed([made.ticket for _, made in decided])

    return in_transaction(database, work)


def stored(database: Database) -> dict[int, str]:
    found = rows(database, "SELECT id, metadata FROM support_tickets")
    return {row["id"]: row["metadata"] for row in found}


def audited(database: Database, ticket_id: int) -> list[dict[str, object]]:
    found = rows(
        database,
        f"SELECT entry FROM savctl_audit WHERE ticket_id = {ticket_id:d} ORDER BY id",
    )
    return [json.loads(row["entry"]) for row in found]


def test_history_audit_and_row_of_each_ticket_are_those_of_its_decision(
    database: Database, clock: SetClock
) -> None:
    ids = [created(database, clock).id for _ in range(MANY)]

    change_all(database, ids, own=ids[3])
    changed = change_all(database, ids, own=ids[7])

    texts = stored(database)
    for ticket in changed.tickets:
        assert json.loads(texts[ticket.id]) == json.loads(str(ticket.metadata.text()))
        assert audited(database, ticket.id) == json.loads(texts[ticket.id])["history"]
    assert {row["status"] for row in rows(database, "SELECT status FROM support_tickets")} == {
        str(Status.WAITING_CUSTOMER)
    }


def test_what_another_program_spelt_its_own_way_stays_so(
    database: Database, clock: SetClock
) -> None:
    ids = [created(database, clock).id for _ in range(MANY)]
    for one in ids:
        text = stored(database)[one]
        odd = text[:-2].replace("{", '{"h\u00e9": 1.10, "\U0001f600": "x", ', 1) + " ] }"
        write(database, f"UPDATE support_tickets SET metadata = '{odd}' WHERE id = {one:d}")

    changed = change_all(database, ids)

    assert {i: json.loads(t) for i, t in stored(database).items()} == {
        i: json.loads(str(t)) for i, t in changed.texts().items()
    }


def test_entries_of_a_ticket_stay_beside_each_other_in_their_order(
    database: Database, clock: SetClock
) -> None:
    ids = [created(database, clock).id for _ in range(3 * MANY)]
    write(database, "DELETE FROM savctl_audit")
    a, b = (HistoryEntry(NOW, None, "edited", after=name) for name in "ab")
    wanted = {one: ([a], [a, b], [b, a, a])[one % 3] for one in ids}

    def work(uow: UnitOfWork) -> None:
        uow.tickets.lock_many(ids)
        uow.audit.append_to_locked(Audited(i, entry) for i in ids for entry in wanted[i])

    in_transaction(database, work)

    for one in ids:
        found = [entry["to"] for entry in audited(database, one)]
        assert found == [entry.after for entry in wanted[one]]
    order = rows(database, "SELECT ticket_id FROM savctl_audit ORDER BY id")
    assert len([*groupby(row["ticket_id"] for row in order)]) == len(ids)


@pytest.mark.only_on("mariadb")
def test_the_rows_of_a_batch_are_written_with_one_statement_byte_for_byte(
    database: Database, clock: SetClock
) -> None:
    ids = [created(database, clock).id for _ in range(2 * MANY)]

    changed: list[Changed] = []
    asked = verbs(database, lambda: changed.append(change_all(database, ids)))

    # locks; rows; entries; events
    assert asked == ["SELECT", "UPDATE", "INSERT", "INSERT"]
    assert stored(database) == changed[0].texts()


def test_a_batch_whose_promises_move_has_the_next_scan_look_at_each_of_its_tickets(
    database: Database, clock: SetClock
) -> None:
    ids = [created(database, clock).id for _ in range(MANY)]
    write(database, f"DELETE FROM savctl_sla_alarms WHERE ticket_id > {ids[1]:d}")

    def work(uow: UnitOfWork) -> None:
        locked = uow.tickets.lock_many(ids)
        terms: Any = {"by": BOSS, "now": NOW + timedelta(hours=1), "reason": "fair"}
        made = [(t, lifecycle.change_priority(t, Priority.URGENT, **terms)) for t in locked]
        uow.record_many(made)

    in_transaction(database, work)

    alarms = rows(database, "SELECT * FROM savctl_sla_alarms ORDER BY ticket_id")
    assert [alarm["ticket_id"] for alarm in alarms] == ids
    assert len({str(alarm["looks_at"]) for alarm in alarms}) == 1
    assert {alarm["row_updated_at"] for alarm in alarms} == {None}


def test_a_locked_ticket_that_is_not_there_is_an_error(
    database: Database, clock: SetClock
) -> None:
    ids = [created(database, clock).id for _ in range(MANY)]
    change_all(database, ids)

    def work(uow: UnitOfWork) -> None:
        now = NOW + timedelta(hours=1)
        locked = uow.tickets.lock_many(ids)
        move = lifecycle.move
        made = [(t, move(t, Status.WAITING_CUSTOMER, by=BOSS, now=now)) for t in locked]
        uow.connection.exec_driver_sql(f"DELETE FROM support_tickets WHERE id = {ids[0]:d}")
        uow.record_many(made)

    with pytest.raises(RuntimeError, match=f"{MANY - 1} of {MANY} locked tickets exist"):
        in_transaction(database, work)


def test_entries_that_only_look_alike_to_python_have_texts_of_their_own() -> None:
    texts = [
        entry_text(HistoryEntry(NOW, 1, "edited", before=value)) for value in (1, True, 1.0, [1])
    ]

    assert [json.loads(text)["from"] for text in texts] == [1, True, 1.0, [1]]
    assert len({*texts}) == len(texts)


@pytest.mark.parametrize("end", ["]}", " ] }"])
def test_what_was_appended_is_known_of_what_was_read_only(end: str) -> None:
    read = Metadata.read(f'{{"a": 1, "history": [{{"x": "\U0001f600"}}{end}')
    once = read.with_history([HistoryEntry(NOW, 1, "edited")])
    twice = once.with_history([HistoryEntry(NOW, 2, "edited")])

    for grown in (once, twice):
        found = grown.appended_to(read)
        assert found is not None
        cut, added = found
        assert str(read.stored_text)[:-cut] + added == grown.text()
    assert twice.appended_to(once) is None
    assert twice.with_members(a=2).appended_to(read) is None
