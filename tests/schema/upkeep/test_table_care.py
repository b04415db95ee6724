"""Statistics for every table; a rebuild where much is free and nobody has to wait."""

from __future__ import annotations

from contextlib import closing

import pytest

from savctl.persistence.engine import Database
from savctl.persistence.schema.maintenance import CARED_FOR, sizes
from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport, Item, ItemOutcome
from savctl.usecases.database.table_care import CareRules, care_for_tables
from tests.conftest import Cli
from tests.crash.processes import wait_until
from tests.given import write

pytestmark = pytest.mark.each_database("tables are kept by each database's own statements")

EAGER = CareRules(over_percent=1, least_free_bytes=1)
BIG = "x" * 60_000
MUCH = 8_000_000  # bytes; the purge of a server may free more after it has freed as much as this


@pytest.fixture
def fragmented(database: Database, clock: SetClock) -> Database:
    """Most of what was in the cache has been deleted again."""
    rows = ", ".join(f"('k{number}', '{BIG}', 1)" for number in range(200))
    write(database, f"INSERT INTO cache VALUES {rows}")
    write(database, "DELETE FROM cache WHERE `key` <> 'k7'")
    wait_until(lambda: free_bytes(database) >= MUCH, what="the server's purge")
    return database


def cared(
    database: Database, rules: CareRules = EAGER, *, dry_run: bool = False
) -> dict[str, Item]:
    report = BatchReport(lists_changes=True)
    care_for_tables(database, rules=rules, terms=BatchContext(report=report, dry_run=dry_run))
    return {str(item.id): item for item in report.items}


def place(database: Database) -> str:
    return "(the file)" if database.is_sqlite else "cache"


def free_bytes(database: Database) -> int:
    return next(size.free_bytes for size in sizes(database) if size.name == place(database))


def test_every_table_but_the_services_queue_is_analyzed(database: Database) -> None:
    done = cared(database, CareRules())

    assert set(done) >= set(CARED_FOR)
    assert "jobs" not in done
    assert {item.outcome for item in done.values()} == {ItemOutcome.CHANGED}


@pytest.mark.only_on("sqlite")
def test_a_table_that_is_not_there_is_reported_and_the_others_are_done(database: Database) -> None:
    write(database, "DROP TABLE cache")

    done = cared(database, CareRules())

    assert done["cache"].outcome is ItemOutcome.SKIPPED
    assert "it is not there" in str(done["cache"].reason)
    assert done["support_tickets"].outcome is ItemOutcome.CHANGED


def test_a_table_with_much_free_space_is_rebuilt(fragmented: Database) -> None:
    item = cared(fragmented)[place(fragmented)]

    assert "rebuilt" in str(item.reason)
    assert free_bytes(fragmented) < MUCH


def test_a_dry_run_says_so_and_rebuilds_nothing(fragmented: Database) -> None:
    item = cared(fragmented, dry_run=True)[place(fragmented)]

    assert "rebuilt" in str(item.reason)
    assert free_bytes(fragmented) >= MUCH


def test_what_is_too_large_is_left_to_a_person(fragmented: Database) -> None:
    small = CareRules(
        over_percent=1, least_free_bytes=1, largest_bytes=1000, largest_file_bytes=1000
    )

    item = cared(fragmented, small)[place(fragmented)]

    assert item.outcome is ItemOutcome.SKIPPED
    assert "by hand in a quiet hour" in str(item.reason)


@pytest.mark.only_on("mariadb", "mysql")
def test_nothing_is_rebuilt_while_a_transaction_stays_open(fragmented: Database) -> None:
    with fragmented.reading() as reader:  # a dump, or a person who went to lunch
        reader.exec_driver_sql("SELECT COUNT(*) FROM cache")

        item = cared(fragmented)["cache"]

    assert item.outcome is ItemOutcome.SKIPPED
    assert "open transactions: 1" in str(item.reason)
    assert free_bytes(fragmented) >= MUCH


@pytest.mark.only_on("mariadb", "mysql")
def test_a_table_that_somebody_locked_is_given_up_after_a_second(
    fragmented: Database, database_url: str
) -> None:
    with closing(Database(database_url)) as other, other.connection() as connection:
        connection.exec_driver_sql("LOCK TABLES cache WRITE")

        done = cared(fragmented)

        connection.exec_driver_sql("UNLOCK TABLES")
    assert done["cache"].outcome is ItemOutcome.SKIPPED
    assert "in use" in str(done["cache"].reason)
    assert done["cache_locks"].outcome is ItemOutcome.CHANGED


def test_the_commands_show_sizes_and_run_the_job(cli: Cli, clock: SetClock) -> None:
    shown = cli("db", "size", "-o", "ids")
    done = cli("db", "optimize", "-o", "json")

    assert shown.code == 0
    assert shown.out
    assert done.code == 0, done.err
    assert '"job": "db-optimize"' in done.out
