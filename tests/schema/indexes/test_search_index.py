"""The index of `ticket search`: on adopted tables none by itself, `db status` names it."""

from __future__ import annotations

import json

import pytest

from savctl.persistence.engine import Database
from savctl.persistence.schema import versions
from savctl.persistence.schema.migration_search import (
    INDEXED,
    create_statements,
    drop_statements,
    family_of,
)
from savctl.persistence.schema.search_index import search_index
from savctl.usecases.database.status import status
from tests.conftest import Cli
from tests.given import write
from tests.schema.support import run_sql
from tests.schema.test_db_commands import Words, words
from tests.search.texts import Stored, store

__all__ = ["words"]


@pytest.mark.slow("adopts a database, and builds two indexes")
def test_adopted_tables_get_none_by_themselves_and_one_by_the_printed_statements(
    words: Words, laravel: Database
) -> None:
    adopted = words("db", "adopt", "-o", "json", on=laravel)
    refused = words("ticket", "search", "parcel", "-o", "json", on=laravel)
    scanned = words("ticket", "search", "parcel", "--scan", "-o", "json", on=laravel)
    without = words("db", "status", "-o", "json", on=laravel)
    statements = json.loads(adopted.out)["search_statements"]
    run_sql(laravel, *statements)
    found = words("ticket", "search", "parcel", "-o", "json", on=laravel)
    shown = words("db", "status", "-o", "json", on=laravel)

    assert (adopted.code, refused.code, scanned.code, found.code) == (0, 2, 0, 0), refused.err
    assert all(statement in adopted.err for statement in statements)
    assert all(statement in json.loads(refused.err)["error"]["hint"] for statement in statements)
    assert json.loads(without.out)["search"] == "none"
    assert json.loads(shown.out)["search"] == "fulltext"
    assert found.out == scanned.out
    assert (
        json.loads(words("db", "adopt", "-n", "-o", "json", on=laravel).out)["search_statements"]
        == []
    )
    assert words("db", "status", "--verify", on=laravel).code == 0


def test_an_upgrade_makes_it_and_a_downgrade_removes_it(empty_database: Database) -> None:
    versions.upgrade(empty_database, owner="tests")
    made = status(empty_database).search
    versions.downgrade(empty_database, "0007", owner="tests")
    with empty_database.reading() as connection:
        removed = search_index(connection).name
    versions.upgrade(empty_database, owner="tests")

    assert made == ("fts5" if empty_database.is_sqlite else "fulltext")
    assert removed == "none"
    assert status(empty_database).search == made


def test_one_that_was_dropped_and_made_again_finds_what_was_written_between(
    empty_database: Database,
) -> None:
    """MariaDB builds an empty one unless the table is rebuilt."""
    versions.upgrade(empty_database, owner="tests")
    with empty_database.connection() as connection:
        family = family_of(connection.dialect)
    for table in INDEXED:
        run_sql(empty_database, *drop_statements(family, table))
        run_sql(empty_database, *create_statements(family, table))
        run_sql(empty_database, *drop_statements(family, table))
    store(empty_database, [Stored(n, "colis", "x") for n in range(1, 30)])
    for table in INDEXED:
        run_sql(empty_database, *create_statements(family, table))

    with empty_database.reading() as connection:
        match = (
            "savctl_search_support_tickets MATCH 'colis'"
            if empty_database.is_sqlite
            else "MATCH (subject, description) AGAINST ('colis' IN BOOLEAN MODE)"
        )
        table = "savctl_search_support_tickets" if family == "sqlite" else "support_tickets"
        count = connection.exec_driver_sql(f"SELECT COUNT(*) FROM {table} WHERE {match}")
        assert count.scalar() == 29


@pytest.mark.only_on("sqlite")
def test_fts5_keeps_no_copy_of_the_texts_and_agrees_with_them(
    cli: Cli, database: Database
) -> None:
    store(database, [Stored(n, f"colis {n}", "Αγάπη ёлка straße") for n in range(1, 20)])
    write(database, "UPDATE support_tickets SET description = 'rien' WHERE id < 5")
    write(database, "DELETE FROM support_tickets WHERE id > 15")

    for table in INDEXED:
        index = f"savctl_search_{table}"
        write(database, f"INSERT INTO {index} ({index}) VALUES ('integrity-check')")
    with database.reading() as connection:
        tables = "SELECT name FROM sqlite_master WHERE name LIKE 'savctl_search_%_content'"
        assert connection.exec_driver_sql(tables).all() == []
    assert "fts5" in cli("doctor").out
