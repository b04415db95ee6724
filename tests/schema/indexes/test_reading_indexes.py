"""The indexes of lists and reports: on savctl's own tables, on adopted ones as statements."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import inspect

from savctl.persistence.engine import Database
from savctl.persistence.schema import versions
from savctl.usecases.database.status import verify
from tests.schema.support import run_sql
from tests.schema.test_db_commands import Words, words

__all__ = ["words"]

_NAMES = {
    "savctl_tickets_created_at_index",
    "savctl_tickets_updated_at_index",
    "savctl_tickets_category_index",
    "savctl_tickets_closed_at_index",
    "savctl_messages_sender_type_created_at_index",
}


def named(database: Database) -> set[str]:
    """The indexes of tickets and messages that are named as savctl's own."""
    with database.reading() as connection:
        found = inspect(connection)
        names = {
            str(index["name"])
            for table in ("support_tickets", "ticket_messages")
            for index in found.get_indexes(table)
        }
    return {name for name in names if name.startswith(("savctl_tickets", "savctl_messages"))}


def test_an_upgrade_makes_them_and_a_downgrade_removes_them(empty_database: Database) -> None:
    versions.upgrade(empty_database, owner="tests")
    made = named(empty_database)
    versions.downgrade(empty_database, "0014", owner="tests")
    removed = named(empty_database)
    versions.upgrade(empty_database, owner="tests")

    assert made == _NAMES
    assert removed == set()
    assert named(empty_database) == _NAMES


def test_an_upgrade_that_was_killed_makes_those_that_are_left(empty_database: Database) -> None:
    versions.upgrade(empty_database, owner="tests")
    versions.downgrade(empty_database, "0014", owner="tests")
    run_sql(
        empty_database,
        "CREATE INDEX savctl_tickets_created_at_index ON support_tickets (created_at, id)",
    )

    versions.upgrade(empty_database, owner="tests")

    assert named(empty_database) == _NAMES


@pytest.mark.slow("adopts a database")
def test_adopted_tables_get_none_by_themselves_and_all_by_the_printed_statements(
    words: Words, laravel: Database
) -> None:
    adopted = words("db", "adopt", "-o", "json", on=laravel)
    before = named(laravel)
    shown = words("db", "indexes", "-o", "json", on=laravel)
    rows = json.loads(shown.out)
    statements = [str(row["statement"]) for row in rows if row["state"] == "missing"]
    run_sql(laravel, *(one for one in statements if one.startswith("CREATE INDEX savctl_")))

    assert adopted.code == 0, adopted.err
    assert before == set()
    assert {one.split()[2] for one in statements if one.startswith("CREATE INDEX")} >= _NAMES
    assert named(laravel) == _NAMES
    assert not [d for d in verify(laravel) if d.column and "created_at, id" in d.column]
