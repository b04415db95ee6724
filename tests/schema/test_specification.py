"""The schema equals the tables of the specification, column for column."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from savctl.domain.model.ticket import TICKET_COLUMNS
from savctl.persistence.engine import Database
from savctl.persistence.schema import versions
from savctl.persistence.schema.inspection.server import read_server
from savctl.persistence.schema.inspection.shapes import TableShape, TypeShape, type_shape
from savctl.persistence.schema.migration_search import INDEXED
from savctl.persistence.schema.tables import SERVICE_TABLES, support_tickets
from tests.conftest import Servers
from tests.schema.support import PROJECT

SPECIFICATION = PROJECT.parent / "shared" / "spec" / "sav-service.md"
TICKET_TABLES = ("support_tickets", "ticket_messages", "ticket_attachments")
COMPOSITE = {
    "support_tickets": {("status", "priority"), ("assigned_to", "status")},
    "ticket_messages": {("ticket_id", "created_at")},
    "ticket_attachments": {("ticket_id", "message_id")},
}
FOR_READING = (
    *(("created_at", "id"), ("updated_at", "id"), ("category", "id")),
    *(("closed_at", "created_at"), ("sender_type", "created_at")),
)
BOOLEAN = TypeShape("tinyint")


@dataclass(frozen=True, slots=True)
class Specified:
    """A row of a table of the specification."""

    name: str
    type: TypeShape
    nullable: bool
    default: str | None
    numbered: bool


@pytest.fixture(scope="module")
def page() -> str:
    if not SPECIFICATION.is_file():
        pytest.skip("the specification is not beside this checkout (../shared/spec)")
    return SPECIFICATION.read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    return page.split(f"### {heading}\n", 1)[1].split("\n### ", 1)[0]


def columns(text: str) -> Iterator[Specified]:
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and re.fullmatch(r"[a-z_]+", cells[0]):
            yield specified(*cells)


def specified(name: str, spelled: str, constraints: str, description: str) -> Specified:
    shape = type_shape(spelled)
    if shape.kind == "enum":
        shape = TypeShape("enum", values=tuple(description.split(", ")))
    default = re.search(r"DEFAULT '?(\w+)'?", constraints)
    is_null = "NULLABLE" in constraints
    assert is_null or "NOT NULL" in constraints or "PRIMARY KEY" in constraints
    return Specified(
        name=name,
        type=BOOLEAN if spelled == "BOOLEAN" else shape,
        nullable=is_null,
        default={"false": "0"}.get(default[1], default[1]) if default else None,
        numbered="AUTO_INCREMENT" in constraints,
    )


def indexes(text: str) -> set[tuple[tuple[str, ...], bool]]:
    listed = text.split("**Indexes:**", 1)[1].split("**Business", 1)[0]
    found = re.findall(r"- (PRIMARY KEY|UNIQUE|INDEX) \(([\w, ]+)\)", listed)
    return {(tuple(names.split(", ")), kind != "INDEX") for kind, names in found}


def live_indexes(table: TableShape) -> set[tuple[tuple[str, ...], bool]]:
    found = {(index.columns, index.unique) for index in table.indexes}
    ours = [*INDEXED.values(), *FOR_READING]  # of search, rules 15.3; of lists and reports
    return found - {(columns, False) for columns in ours}


@pytest.fixture(scope="module")
def live(server_kind: str, servers: Servers) -> dict[str, TableShape]:
    """What the migrations make; on SQLite the types have other names, and `verify` holds them."""
    server = servers.of(server_kind)
    server.drop_database("adopt_specified")
    database = Database(server.create_database("adopt_specified"))
    versions.upgrade(database, owner="tests")
    with database.reading() as connection:
        found = read_server(connection, [table.name for table in SERVICE_TABLES])
    database.close()
    return found


@pytest.mark.outside
@pytest.mark.parametrize("name", TICKET_TABLES)
def test_a_table_has_the_specified_columns(
    page: str, live: dict[str, TableShape], name: str
) -> None:
    wanted = list(columns(section(page, name)))

    found = [
        Specified(c.name, c.type, c.nullable, c.default, c.numbered)
        for c in live[name].columns.values()
    ]

    assert len(wanted) >= 9
    assert found == wanted


@pytest.mark.outside
@pytest.mark.parametrize("name", TICKET_TABLES)
def test_a_table_has_the_specified_indexes_and_the_suggested_ones(
    page: str, live: dict[str, TableShape], name: str
) -> None:
    suggested = {(columns, False) for columns in COMPOSITE[name]}

    assert live_indexes(live[name]) == indexes(section(page, name)) | suggested
    for composite in COMPOSITE[name]:
        assert f"{name}({', '.join(composite)})" in page


@pytest.mark.outside
@pytest.mark.parametrize("name", TICKET_TABLES)
def test_a_table_has_the_specified_foreign_keys(
    page: str, live: dict[str, TableShape], name: str
) -> None:
    pattern = r"- (\w+) REFERENCES (\w+)\(id\) ON DELETE (\w+)"

    wanted = set(re.findall(pattern, section(page, name)))

    assert {
        (*key.columns, key.remote_table, key.on_delete) for key in live[name].foreign_keys
    } == wanted


@pytest.mark.outside
def test_the_laravel_tables_have_the_listed_columns(
    page: str, live: dict[str, TableShape]
) -> None:
    text = page.split("### Laravel Standard Tables\n", 1)[1].split("\n## ", 1)[0]
    listed = dict(re.findall(r"\*\*(\w+):\*\*[^\n]*\n- ([\w, ]+)", text))

    assert set(listed) == {"users", "jobs", "cache", "cache_locks"}
    for name, names in listed.items():
        assert ", ".join(live[name].columns) == names


@pytest.mark.outside
def test_every_table_is_innodb_and_collated_as_specified(
    page: str, live: dict[str, TableShape]
) -> None:
    assert "COLLATION: utf8mb4_unicode_ci" in page
    assert {(t.engine, t.collation) for t in live.values()} == {("InnoDB", "utf8mb4_unicode_ci")}


def test_a_ticket_has_the_columns_of_its_table_in_their_order() -> None:
    assert tuple(support_tickets.columns.keys()) == TICKET_COLUMNS
