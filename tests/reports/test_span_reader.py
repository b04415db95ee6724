"""Reports read the tickets that one walk through all of them finds, and count what clocks show."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import ColumnElement, select

from benchmarks.framework.shop import NOW as SHOP_NOW
from benchmarks.framework.shop import TICKET_COLUMNS, Shop, slices
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.periods import Every
from savctl.domain.sla.clock import Side, clock
from savctl.domain.sla.plain_life import CountedRow
from savctl.domain.sla.policy import Policies
from savctl.domain.sla.statistics import Spans
from savctl.domain.sla.targets import COUNTED
from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import support_tickets
from savctl.persistence.sla import report_reads
from savctl.persistence.sla.packed_rows import counted_rows, packed_rows
from savctl.persistence.sla.report_reads import (
    ById,
    CreatedBetween,
    InOrder,
    LivedUntil,
    TicketSpan,
    _ids,
    read_counted,
    read_lives,
    span_reader,
)
from savctl.persistence.tickets.candidates import read_rows, these
from savctl.persistence.tickets.messages import Messages
from savctl.usecases.reports.sla_report import (
    GROUPS,
    NOBODY,
    ReportSpan,
    report_sla,
    ticket_pages,
)
from savctl.usecases.reports.volume import report_volume
from savctl.usecases.reports.workload import Work, report_workload
from tests.given import write_rows
from tests.odd_rows.kinds import kinds_for
from tests.odd_rows.shop import odd_statements, write_odd

_COUNT = 600
_MONTH = timedelta(days=30)
_SPAN = ReportSpan(SHOP_NOW - 8 * _MONTH, SHOP_NOW - timedelta(days=5), SHOP_NOW)


@pytest.fixture
def shop(database: Database) -> Database:
    """Three years of tickets in a mixed order, with gaps, and messages of their threads."""
    chance = random.Random(7)
    for piece in slices(Shop(_COUNT, lived=True)):
        tickets = [dict(zip(TICKET_COLUMNS, row, strict=True)) for row in piece.tickets]
        ids = chance.sample(range(1, 5 * _COUNT), _COUNT)
        places = {int(str(row["id"])): new for row, new in zip(tickets, ids, strict=True)}
        write_rows(database, "support_tickets", [r | {"id": places[_id(r)]} for r in tickets])
        names = ("ticket_id", "sender_id", "sender_type", "message", "is_internal")
        messages = [
            dict(zip((*names, "read_at", "created_at", "updated_at"), row[1:], strict=True))
            for row in piece.messages
        ]
        write_rows(
            database,
            "ticket_messages",
            [m | {"ticket_id": places[int(str(m["ticket_id"]))]} for m in messages],
        )
    return database


def _id(row: dict[str, Any]) -> int:
    return int(str(row["id"]))


def walked(database: Database, span: TicketSpan) -> list[int]:
    """The ids of a span, as one statement without any other way finds them."""
    query = select(support_tickets.c.id).where(*span.conditions())
    with database.reading() as connection:
        return sorted(row.id for row in connection.execute(query))


def read(database: Database, span: TicketSpan, size: int) -> tuple[str, list[int]]:
    """How the reader goes, and the ids that it finds in its order."""
    found: list[int] = []
    with database.reading() as connection:
        reader = span_reader(connection, span)
        after: int | None = 0
        while after is not None:
            tickets, after = read_counted(connection, reader, after_id=after, limit=size)
            found += [ticket.id for ticket in tickets]
    return type(reader).__name__, found


class AtWork:
    """The tickets whose clocks may run: open and in progress."""

    def conditions(self) -> Sequence[ColumnElement[bool]]:
        return (support_tickets.c.status.in_(sorted(str(status) for status in COUNTED)),)


SPANS: dict[str, TicketSpan] = {
    "created in eight months": CreatedBetween(_SPAN.since, _SPAN.until),
    "created ever": CreatedBetween(SHOP_NOW - 40 * _MONTH, SHOP_NOW),
    "created later": CreatedBetween(SHOP_NOW, SHOP_NOW + _MONTH),
    "lived in eight months": LivedUntil(_SPAN.until, _SPAN.since),
    "lived ever": LivedUntil(_SPAN.until),
    "lived long ago": LivedUntil(SHOP_NOW - 12 * _MONTH, SHOP_NOW - 40 * _MONTH),
    "at work": AtWork(),
}


@pytest.mark.slow("reads a shop by each span in three sizes")
def test_a_reader_finds_the_tickets_of_a_span_in_id_order(shop: Database) -> None:
    for name, span in SPANS.items():
        for size in (1, 7, 1_000):
            assert read(shop, span, size)[1] == walked(shop, span), (name, size)


def test_few_tickets_are_read_by_their_ids_and_many_in_order(shop: Database) -> None:
    assert read(shop, AtWork(), 100)[0] == ById.__name__
    assert read(shop, LivedUntil(_SPAN.until), 100)[0] == InOrder.__name__


def test_a_ticket_that_is_gone_since_its_id_was_read_ends_no_report(shop: Database) -> None:
    with shop.reading() as connection:
        reader = span_reader(connection, AtWork())
    wanted = walked(shop, AtWork())
    with shop.connection() as connection:
        connection.exec_driver_sql(f"DELETE FROM support_tickets WHERE id = {wanted[0]}")
        connection.commit()

    with shop.reading() as connection:
        tickets, last_id = read_counted(connection, reader, after_id=0, limit=1)
        others, _ = read_counted(connection, reader, after_id=last_id or 0, limit=1_000)

    assert tickets == []
    assert [ticket.id for ticket in others] == wanted[1:]


def clocked(database: Database, span: ReportSpan, by: str) -> dict[str, dict[str, object]]:
    """The workload as both clocks of every ticket show it, each answer looked up."""
    found: dict[str, Work] = {}
    for ticket, answered_at in every(database, span):
        work = found.setdefault(str(getattr(ticket, by) or NOBODY), Work())
        seen = clock(ticket, now=span.now, answered_at=answered_at, policies=Policies())
        if ticket.status is not Status.CLOSED:
            work.statuses[str(ticket.status)] += 1
        if ticket.status in COUNTED and seen.is_trusted:
            work.overdue += any(side.is_breached for side in seen.sides)
            soon = span.now + timedelta(hours=24)
            work.due_soon += any(s.due_at is not None and s.due_at <= soon for s in seen.sides)
        ended_at = seen.resolution.ended_at
        if seen.is_counted and ended_at is not None and span.since <= ended_at < span.until:
            work.solved.add(seen.resolution.actual_minutes)
    return {name: work.row("name", name) for name, work in found.items()}


def every(database: Database, span: ReportSpan) -> Iterator[tuple[Ticket, datetime | None]]:
    """Every ticket of the workload with its answer."""
    for page in ticket_pages(database, LivedUntil(span.until, span.since), span, Policies()):
        yield from page


@pytest.mark.parametrize("days", [0, 3, 400])
def test_the_workload_is_what_the_clocks_of_every_ticket_show(shop: Database, days: int) -> None:
    now = SHOP_NOW - timedelta(days=days)
    for is_past in (False, True):
        span = ReportSpan(now - 8 * _MONTH, now, now, is_past)
        for by in ("assigned_to", "category", "priority"):
            must_be_clocked(shop, span, by)


def must_be_clocked(database: Database, span: ReportSpan, by: str) -> None:
    found = report_workload(database, span, by=by, policies=Policies())

    rows = {name: work.row("name", name) for name, work in found.items()}
    assert rows == clocked(database, span, by), (span, by)
    total: Counter[str] = Counter()
    for work in found.values():
        total += work.statuses
    assert total or span.is_past
    assert any(work.solved != Spans() for work in found.values())
    assert all(work.breaches[Side.RESPONSE] == 0 for work in found.values())


@pytest.mark.parametrize("is_past", [False, True])
def test_only_what_is_at_work_has_its_answers_looked_up(
    shop: Database, monkeypatch: pytest.MonkeyPatch, is_past: bool
) -> None:
    asked: list[int] = []
    usual = Messages.first_public

    def noted(self: Messages, ids: Sequence[int], **others: Any) -> dict[int, datetime]:
        asked.extend(ids)
        return usual(self, ids, **others)

    monkeypatch.setattr(Messages, "first_public", noted)
    span = ReportSpan(_SPAN.since, _SPAN.until, _SPAN.now, is_past)
    report_workload(shop, span, by="priority", policies=Policies())

    assert asked
    assert set(asked) <= set(walked(shop, AtWork()))


# What another program makes of the tickets of a shop, each of every so many of them.
BROKEN = (
    "metadata = NULL",
    "metadata = '{'",
    'metadata = REPLACE(metadata, \'"to": "resolved"\', \'"to": "solved"\')',
    'metadata = REPLACE(metadata, \'"from": "open"\', \'"from": "closed"\')',
    "metadata = REPLACE(metadata, '\"created\"', '\"imported\"')",
    'metadata = REPLACE(metadata, \'"at": "202\', \'"at": "203\')',
    "metadata = REPLACE(metadata, '.123456Z', '+02:00')",
    "metadata = REPLACE(metadata, '\"assigned\"', '\"priority\"')",
    "metadata = REPLACE(metadata, '\"sla\"', '\"moved_messages\"')",
    "metadata = REPLACE(metadata, '\"priority_reasons\"', '\"merged_into\"')",
    "metadata = REPLACE(metadata, '\"since\"', '\"answered_at\"')",
    "metadata = REPLACE(metadata, '\"actor\": ', '\"actor\": 1')",
    "status = 'resolved'",
    "resolved_at = NULL, closed_at = NULL",
    "created_at = updated_at, updated_at = created_at",
    "created_at = '2025-09-30 10:00:00'",
)


def counted(database: Database, span: ReportSpan) -> list[object]:
    """Every report, grouped in every way."""
    policies = Policies()
    workloads = [
        sorted((name, str(work.row("name", name))) for name, work in found.items())
        for by in ("assigned_to", "category", "priority")
        for found in [report_workload(database, span, by=by, policies=policies)]
    ]
    promises = report_sla(database, span, by=tuple(GROUPS), policies=policies)
    rows = {name: (found.rows(), found.merged) for name, found in promises.items()}
    return [workloads, rows, report_volume(database, span, every=Every.DAY)]


@pytest.mark.only_on("sqlite", "mariadb")  # MySQL stores no metadata that is no JSON
@pytest.mark.slow("counts a shop of odd rows twice, grouped in every way")
@pytest.mark.parametrize("days", [None, 0, 3, 100])
def test_what_is_counted_without_tickets_is_what_tickets_show(
    shop: Database, monkeypatch: pytest.MonkeyPatch, days: int | None
) -> None:
    every = 4 * len(BROKEN)
    write_odd(
        shop,
        [
            f"UPDATE support_tickets SET {broken} WHERE id % {every} = {place}"
            for place, broken in enumerate(BROKEN)
        ],
    )
    write_odd(shop, odd_statements(kinds_for(is_sqlite=shop.is_sqlite)))
    now = SHOP_NOW - timedelta(days=days or 0)
    span = ReportSpan(now - 14 * _MONTH, now, now, days is not None)

    quickly = counted(shop, span)

    monkeypatch.setattr(report_reads, "plain_life", lambda *_, **__: None)
    assert counted(shop, span) == quickly


KEPT = '"sla": {"answered_at": "2024-01-01T00:00:00Z", '


@pytest.mark.slow("counts a shop three times, grouped in every way")
def test_an_answer_that_the_metadata_keeps_is_counted(
    shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    span = ReportSpan(SHOP_NOW - 14 * _MONTH, SHOP_NOW, SHOP_NOW)
    before = counted(shop, span)
    kept = f"metadata = REPLACE(metadata, '\"sla\": {{', '{KEPT}')"
    write_odd(shop, [f"UPDATE support_tickets SET {kept} WHERE id % 3 = 0"])

    quickly = counted(shop, span)

    assert quickly != before
    monkeypatch.setattr(report_reads, "plain_life", lambda *_, **__: None)
    assert counted(shop, span) == quickly


@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.parametrize("cut", ["", "SET SESSION group_concat_max_len = 100"])
def test_what_a_server_sends_in_one_value_is_what_its_rows_hold(shop: Database, cut: str) -> None:
    """Separators in a text, a value that is cut: then the rows are read one by one."""
    ids = walked(shop, AtWork())
    odd = "category = CONCAT('a', CHAR(31 USING utf8mb4), 'b', CHAR(30 USING utf8mb4))"
    found = {}
    for name, sets in (("usual", "category = NULL"), ("odd", odd)):
        with shop.connection() as connection:
            connection.exec_driver_sql(f"UPDATE support_tickets SET {sets} WHERE id = {ids[3]}")
            connection.commit()
        with shop.reading() as connection:
            if cut:
                connection.exec_driver_sql(cut)
            known = _ids(connection, AtWork())
            rows, last_id = ById(known).counted(connection, after_id=0, limit=1_000)
            plain = read_rows(connection, these(ids), CountedRow._fields)
            assert list(rows) == list(counted_rows(connection, plain))
            assert (list(known), last_id) == (ids, ids[-1])
            found[name] = packed_rows(connection, ids) is not None
            connection.invalidate()  # others get a session of their own

    assert found == {"usual": not cut, "odd": False}


def test_nearly_all_tickets_of_a_shop_are_counted_without_being_made(shop: Database) -> None:
    with shop.reading() as connection:
        reader = span_reader(connection, LivedUntil(SHOP_NOW))
        page = read_lives(connection, reader, after_id=0, limit=_COUNT, until=SHOP_NOW)

    assert len(page.lives) == _COUNT
    assert page.tickets == []
