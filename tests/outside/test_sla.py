"""Service levels of two real help desks, against a second computation in SQL."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from savctl.domain.sla.policy import Policies
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.sla.auditing import audit
from savctl.usecases.sla.escalating import escalate
from savctl.usecases.sla.views import Recording, explain
from tests.conftest import Cli
from tests.given import rows
from tests.outside.logs import log_file, play
from tests.outside.sla_in_sql import SlaInSql, sla_in_sql

pytestmark = [
    pytest.mark.outside,
    pytest.mark.deep,
    pytest.mark.slow("plays the whole log of a desk"),
    pytest.mark.timeout(900),
    pytest.mark.each_database("the figures are summed by SQL"),
]

NOW = datetime(2017, 3, 1, tzinfo=UTC)
INCIDENTS, CASES = 24_918, 4_580
EXPLAINED = 1_500
COUNTS = tuple(
    f"{side}_{what}"
    for side in ("response", "resolution")
    for what in ("met", "breached", "pending", "median_minutes", "p90_minutes")
)


def both_desks(database: Database) -> None:
    """Both logs, played with the legal steps in between that they leave out."""
    italian_desk(database)
    log = log_file("servicenow-incidents", "incident_event_log.csv.gz")
    play(database, log, "servicenow.toml", source="servicenow", bridges=True)


def italian_desk(database: Database) -> None:
    """The smaller one."""
    log = log_file("italian-helpdesk", "helpdesk.csv")
    play(database, log, "italian-helpdesk.toml", source="italian", bridges=True)


@pytest.mark.only_on("sqlite")
def test_report_and_explanations_of_both_desks_equal_a_second_computation(
    database: Database, cli: Cli
) -> None:
    both_desks(database)

    with sla_in_sql(database, NOW) as oracle:
        assert_equal(database, cli, oracle, tickets=INCIDENTS + CASES)


@pytest.mark.only_on("mariadb", "mysql")
def test_report_and_explanations_of_one_desk_equal_it_on_a_server(
    database: Database, cli: Cli
) -> None:
    italian_desk(database)

    with sla_in_sql(database, NOW) as oracle:
        assert_equal(database, cli, oracle, tickets=CASES)


def assert_equal(database: Database, cli: Cli, oracle: SlaInSql, *, tickets: int) -> None:
    """Report, ledger and explanations say what the oracle says."""
    expected, by_ticket = oracle.report(), oracle.tickets()
    late = {
        (ticket_id, side)
        for ticket_id, row in by_ticket.items()
        for side in ("response", "resolution")
        if row[f"{side}_s"] > row[f"{side}_target"]
    }

    *groups, total = reported(cli)

    assert {row["group"]: picked(row) for row in groups} == {
        name: picked(row) for name, row in expected.items()
    }
    assert (total["tickets"], total["partial"]) == (tickets, 0)
    assert total["response_breached"] + total["resolution_breached"] == len(late) > tickets / 4
    assert recorded(database, tickets) == late
    for ticket_id in random.sample(sorted(by_ticket), EXPLAINED):
        assert explained(database, ticket_id) == by_ticket[ticket_id], ticket_id


def reported(cli: Cli) -> list[dict[str, Any]]:
    """What `sla report` says, the total last."""
    outcome = cli(
        *("sla", "report", "--since", "2009-01-01", "--until", "2018-01-01"),
        *("--at", f"{NOW:%Y-%m-%d}", "-o", "json"),
    )
    assert outcome.code == 0, outcome.err
    found: list[dict[str, Any]] = json.loads(outcome.out)
    return found


def picked(row: dict[str, Any]) -> dict[str, Any]:
    """What both computations say of a group."""
    return {name: row.get(name) for name in ("tickets", *COUNTS)}


def recorded(database: Database, tickets: int) -> set[tuple[int, str]]:
    """What scan and audit find in the logs; a second audit finds nothing to repair."""
    clock = SetClock(NOW)
    escalate(database, clock, terms=BatchContext(report=BatchReport()))
    first = audit(database, clock, terms=BatchContext(report=BatchReport()), policies=Policies())
    again = audit(database, clock, terms=BatchContext(report=BatchReport()), policies=Policies())
    assert first.tickets == again.tickets == tickets
    assert {finding: n for finding, n in again.counts.items() if finding != "late"} == {}
    ledger = rows(database, "SELECT ticket_id, side FROM savctl_sla_breaches")
    return {(row["ticket_id"], row["side"]) for row in ledger}


def explained(database: Database, ticket_id: int) -> dict[str, Any]:
    """What `sla explain` says, in the oracle's words; its parts must fit each other."""
    story = explain(database, ticket_id, now=NOW, policies=Policies())
    sla, seen = story.seen.sla, story.seen
    assert sum(s.counted.total_seconds() for s in sla.timeline.segments) == (
        sla.resolution.elapsed.total_seconds()
    )
    for side in sla.sides:
        known = Recording.RECORDED if side.is_breached else Recording.NONE
        assert seen.recording(side) is known
        assert (side.passed_at is not None) is side.is_breached
    return {
        "promised": str(sla.promise.priority),
        "response_s": int(sla.response.elapsed.total_seconds()),
        "response_target": int(sla.response.target.total_seconds()),
        "is_answered": int(sla.response.ended_at is not None),
        "resolution_s": int(sla.resolution.elapsed.total_seconds()),
        "resolution_target": int(sla.resolution.target.total_seconds()),
        "is_over": int(sla.resolution.ended_at is not None),
    }
