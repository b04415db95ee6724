"""Every column and every known key is classified (rules 9.6)."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from savctl.domain.events.events import EVENTS
from savctl.domain.model.history import HistoryEntry
from savctl.domain.model.own_members import RESERVED
from savctl.domain.privacy.inventory import INVENTORY, Whose
from savctl.domain.privacy.inventory.page import page
from savctl.persistence.schema.tables import metadata as tables
from tests.conftest import Cli
from tests.given import NOW

PROJECT = Path(__file__).resolve().parents[2]
PLACES = [entry.place for entry in INVENTORY]


def unclassified(found: Iterable[Table]) -> list[str]:
    """The columns that the inventory does not know."""
    every = [f"{table.name}.{column.name}" for table in found for column in table.columns]
    return sorted(set(every) - set(PLACES))


def test_every_column_of_every_table_is_classified() -> None:
    assert unclassified(tables.tables.values()) == [], (
        "classify them in savctl/domain/privacy/inventory/own.py, then write the page: see below"
    )


def test_a_column_that_was_forgotten_would_be_found() -> None:
    more = Table("savctl_more", MetaData(), Column("shoe_size", Integer))

    assert unclassified([more]) == ["savctl_more.shoe_size"]


def test_the_inventory_names_no_column_that_is_gone_and_none_twice() -> None:
    every = {f"{t.name}.{c.name}" for t in tables.tables.values() for c in t.columns}
    columns = {place for place in PLACES if ":" not in place}

    assert columns - every == set()
    assert [place for place, count in Counter(PLACES).items() if count > 1] == []


def test_every_key_that_savctl_writes_into_metadata_is_classified() -> None:
    entry = HistoryEntry(at=NOW, actor=1, action="status")
    keys = {*RESERVED, *(f"history.{key}" for key in entry.as_json()), "*"}

    known = {p.partition(":")[2] for p in PLACES if p.startswith("support_tickets.metadata:")}
    assert keys == known


def written_keys() -> set[str]:
    """The keys of metadata that stand in the source where members are set."""
    found: set[str] = set()
    for path in (PROJECT / "savctl").rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        setting = [n for n in nodes if isinstance(n, ast.Call) and _called(n) == "with_members"]
        if not setting:
            continue
        found |= {keyword.arg for call in setting for keyword in call.keywords if keyword.arg}
        for node in nodes:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                names = {target.id for target in node.targets if isinstance(target, ast.Name)}
                found |= {str(node.value.value)} if names & {"KEY", "_KEY"} else set()
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                is_member = isinstance(node.value, ast.Name) and node.value.id == "members"
                if is_member and isinstance(node.slice, ast.Constant):
                    found.add(str(node.slice.value))
    return found


def _called(call: ast.Call) -> str | None:
    return call.func.attr if isinstance(call.func, ast.Attribute) else None


@pytest.mark.slow("reads the whole source")
def test_a_key_that_the_source_writes_is_one_of_those() -> None:
    found = written_keys()

    assert {"legal_hold", "moved_messages", "merged_from", "tags", "vip", "sla"} <= found
    assert found - set(RESERVED) == set(), "name them in RESERVED and classify them in keys.py"


def test_every_key_of_every_event_is_classified() -> None:
    keys = {f"data.{field.name}" for event in EVENTS for field in fields(event)}

    known = {p.partition(":")[2] for p in PLACES if p.startswith("savctl_outbox.envelope:")}
    assert keys | {"event", "timestamp"} == known


def test_what_is_somebodys_has_a_basis_and_what_is_nobodys_is_nobodys_alone() -> None:
    for entry in INVENTORY:
        assert entry.whose == (Whose.NOBODY,) or Whose.NOBODY not in entry.whose, entry.place
        assert entry.what
        assert entry.care.retention
        assert entry.care.erased
        if entry.whose != (Whose.NOBODY,):
            assert not entry.care.basis.startswith("none"), entry.place


def test_the_page_is_the_inventory() -> None:
    stored = (PROJECT / "docs" / "personal-data.md").read_text(encoding="utf-8")

    assert stored == page(), (
        "write it anew: python -c 'from savctl.domain.privacy.inventory.page import page; "
        'print(page(), end="")\' > docs/personal-data.md'
    )


@pytest.mark.only_on("sqlite")
def test_machines_read_it_from_the_command_line(cli: Cli) -> None:
    found = json.loads(cli("gdpr", "inventory", "-o", "json").out)
    agents = json.loads(cli("gdpr", "inventory", "--whose", "agent", "-o", "json").out)

    assert [row["place"] for row in found] == PLACES
    assert "users.email" in {row["place"] for row in agents}
    assert all("agent" in row["whose"] for row in agents)
