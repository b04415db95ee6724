"""Filters by metadata answer what a look into every row answers, whatever the JSON is like."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from savctl.domain.model.states import Status
from savctl.domain.model.ticket_filter import TicketFilter
from savctl.persistence.engine import Database
from savctl.persistence.tickets.ticket_lists import list_tickets
from savctl.ports import SetClock
from tests.given import brought_to, created

_USUAL = '{"priority_reasons": ["default"], "sla": {"promise": {"priority": "low"}, "breaches": '
TEXTS = (
    None,
    "null",
    "[]",
    "{}",
    '{"tags": []}',
    '{"tags": ["vip"]}',
    '{"tags":["a","vip"],"sla":{"promise":{"policy":1},"breaches":[]}}',
    '{"t\\u0061gs": ["v\\u0069p"]}',
    '{"TAGS": ["vip"]}',
    '{"tags": ["VIP"]}',
    '{"tags": "vip"}',
    '{"tags": {"vip": "vip"}}',
    '{"tags": null, "more": {"tags": ["vip"]}}',
    '{"tags": ["a"], "tags": ["vip"]}',
    f"{_USUAL}[]}}}}",
    f'{_USUAL}[]}}, "history": []}}',
    f'{_USUAL}[{{"side": "response"}}]}}, "history": []}}',
    f'{_USUAL}[], "more": 1}}, "old": {{"sla": {{"breaches": [1]}}}}}}',
    f"{_USUAL}5}}}}",
    f"{_USUAL}null}}}}",
    f'{_USUAL}{{"a": 1}}}}}}',
    f"{_USUAL}[ ]}}}}",
    f"{_USUAL}[[]]}}}}",
    '{"sla": {"breaches": [1]}}',
    '{"sla":{"promise":{},"breaches":[1]}}',
    '{"sla":{"promise":{},"breaches":[]}}',
    '{"sla": {"promise": {"a": {"b": 1}}, "breaches": [1]}}',
    '{"sla": {"promise": {}, "br\\u0065aches": [1]}}',
    '{"SLA": {"promise": {}, "breaches": []}, "sla": {"breaches": [1]}}',
    '{"sla": {"PROMISE": {}, "BREACHES": []}, "breaches": [1]}',
    '{"sla": {"promise": {}, "breaches": []}, "sla": {"breaches": [1]}}',
    '{"sla": {"promise": {}, "breaches": [1]}, "sla": {"promise": {}, "breaches": []}}',
    '{"sla": 5, "sla": {"promise": {}, "breaches": [1]}}',
    '{"sla": 5, "sla": {"promise": {}, "breaches": []}, "sla": {"breaches": [1]}}',
    '{"a": "\\"sla\\": {\\"promise\\": {}, \\"breaches\\": []}", "sla": {"breaches": [1]}}',
    '{"a": "x}, \\"breaches\\": []}", "sla": {"promise": {"b": "}"}, "breaches": [1]}}',
    '{"sla": {"promise": {}, "breaches": []}} and more',
    '{"sla": {"promise": {}, "breaches": [1]}} and more',
    '{"sla": {"promise": {}, "breaches": [1',
    '{"tags": ["vip"]} and more',
    "no JSON",
    "",
)
_VALID = "CASE WHEN JSON_VALID(metadata) THEN metadata ELSE '{}' END"
_LOOKS = {
    "sqlite": {
        "breached": f"COALESCE(json_array_length({_VALID}, '$.sla.breaches'), 0) > 0",
        "tag": (
            f"EXISTS (SELECT 1 FROM json_each(CASE WHEN json_type({_VALID}, '$.tags') = 'array' "
            "THEN metadata ELSE '{}' END, '$.tags') WHERE value = 'vip')"
        ),
    },
    "mysql": {
        "breached": f"COALESCE(JSON_LENGTH({_VALID}, '$.sla.breaches'), 0) > 0",
        "tag": (
            f"(SELECT COUNT(*) FROM JSON_TABLE({_VALID}, '$.tags[*]' COLUMNS "
            "(member VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$')) AS m "
            "WHERE CAST(m.member AS BINARY) = CAST('vip' AS BINARY)) > 0"
        ),
    },
}


@pytest.fixture
def odd(database: Database, clock: SetClock) -> Database:
    """A ticket for each of the texts that the database takes."""
    tickets = [created(database, clock) for _ in TEXTS]
    with database.connection() as connection:
        if not database.is_sqlite and connection.dialect.is_mariadb:  # type: ignore[attr-defined]
            connection.exec_driver_sql("SET SESSION check_constraint_checks = OFF")
        for ticket, stored in zip(tickets, TEXTS, strict=True):
            if database.is_sqlite or stored is None or _is_taken(connection, stored):
                given = {"stored": stored, "id": ticket.id}
                connection.execute(
                    text("UPDATE support_tickets SET metadata = :stored WHERE id = :id"), given
                )
        connection.commit()
        if not database.is_sqlite and connection.dialect.is_mariadb:  # type: ignore[attr-defined]
            connection.exec_driver_sql("SET SESSION check_constraint_checks = ON")
    return database


def _is_taken(connection: object, stored: str) -> bool:
    """MySQL's JSON column takes JSON only."""
    if connection.dialect.is_mariadb:  # type: ignore[attr-defined]
        return True
    found = connection.execute(text("SELECT JSON_VALID(:one)"), {"one": stored})  # type: ignore[attr-defined]
    return bool(found.scalar())


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("breached", TicketFilter(is_breached=True)), ("tag", TicketFilter(tag="vip"))],
)
def test_a_filter_finds_what_a_look_into_every_row_finds(
    odd: Database, name: str, wanted: TicketFilter
) -> None:
    look = _LOOKS["sqlite" if odd.is_sqlite else "mysql"][name]
    with odd.reading() as connection:
        rows = connection.exec_driver_sql(f"SELECT id FROM support_tickets WHERE {look}")
        plain = {row[0] for row in rows}

    found = {ticket.id for ticket in list_tickets(odd, wanted, limit=0)}

    assert found == plain
    assert 1 < len(found) < len(TEXTS) // 2


def test_a_breach_that_savctl_finds_is_found(database: Database, clock: SetClock) -> None:
    ticket = brought_to(database, clock, Status.IN_PROGRESS)
    with database.connection() as connection:
        before = connection.exec_driver_sql("SELECT metadata FROM support_tickets").scalar_one()
        assert '"breaches": []' in str(before)
        after = str(before).replace('"breaches": []', '"breaches": [{"side": "response"}]')
        connection.execute(text("UPDATE support_tickets SET metadata = :m"), {"m": after})
        connection.commit()

    found = list_tickets(database, TicketFilter(is_breached=True))

    assert [one.id for one in found] == [ticket.id]
