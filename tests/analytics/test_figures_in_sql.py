"""Analytics equal the queries of their page, on the demo shop and on two real help desks."""

from __future__ import annotations

from pathlib import Path

import pytest

from savctl.domain.analytics.months import Month
from savctl.domain.model.priority import Priority
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.merging import merge_tickets
from savctl.usecases.tickets.transitions import set_priority
from tests.analytics.desk import FIRST, HOUR, exported, lived
from tests.analytics.page_sql import exported_cells, figures_in_sql
from tests.conftest import Cli
from tests.given import BOSS, DAY, rows
from tests.outside.test_sla import both_desks, italian_desk

pytestmark = [
    pytest.mark.each_database("the page has queries for each"),
    pytest.mark.slow("plays months of tickets"),
]
SHOP = ("--tickets", 80, "--months", 1, "--until", "2025-10-03T10:30:00Z", "--seed", 11)


def assert_equal(database: Database, cli: Cli, month: str, folder: Path, *, cells: int) -> None:
    """The export of a month is what the page's queries find."""
    found = exported_cells(exported(cli, folder / f"{month}.jsonl", month=month))

    with figures_in_sql(database, Month.read(month)) as in_sql:
        assert found == in_sql()
    assert len(found[0]) >= cells


def merged_and_changed(database: Database) -> None:
    """What the shop lacks: merged tickets, and priorities changed by hand."""
    for hour in range(6):
        source = lived(database, FIRST + hour * HOUR, (1, "answer"))
        target = lived(database, FIRST + hour * HOUR, priority="medium")
        op = Operation(database, SetClock(FIRST + DAY), actor=BOSS)
        merge_tickets(op, [source], target)
        lived(database, FIRST, (hour, "answer"), (30, "solve"), (2, "back"), (hour, "solve"))
        late = lived(database, FIRST, (2 * hour, "answer"), priority="low")
        op = Operation(database, SetClock(FIRST + 3 * DAY), actor=BOSS)
        set_priority(op, late, Priority.URGENT, reason="waited too long")


def test_months_of_the_demo_shop(cli: Cli, database: Database, tmp_path: Path) -> None:
    played = cli("demo", *SHOP, "--into-configured-database", "--yes")
    assert played.code == 0, played.err
    merged_and_changed(database)

    assert_equal(database, cli, "2025-09", tmp_path, cells=15)
    (found,) = rows(database, "SELECT COUNT(*) AS n FROM support_tickets")
    assert found["n"] > 80


@pytest.mark.outside
@pytest.mark.deep
@pytest.mark.timeout(1800)
@pytest.mark.only_on("sqlite")
def test_months_of_both_real_desks(cli: Cli, database: Database, tmp_path: Path) -> None:
    both_desks(database)

    for month in ("2016-03", "2016-05", "2013-01"):
        assert_equal(database, cli, month, tmp_path, cells=30)


@pytest.mark.outside
@pytest.mark.deep
@pytest.mark.timeout(1800)
@pytest.mark.only_on("mariadb", "mysql")
def test_months_of_one_real_desk_on_a_server(cli: Cli, database: Database, tmp_path: Path) -> None:
    italian_desk(database)

    for month in ("2012-10", "2013-01"):
        assert_equal(database, cli, month, tmp_path, cells=30)
