"""Bulk commands of token users: over what they see, and nothing else exists (rules 12.3, 12.4)."""

from __future__ import annotations

import io
import json
import sys

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from tests.access.token_users import with_token_of
from tests.conftest import Cli
from tests.given import AGENT, OTHER_AGENT, brought_to, created, rows, write

ASSIGN = ("ticket", "bulk", "assign", "--to", "10")


def test_a_customer_may_not_run_it(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    created(database, system_clock)
    with_token_of(monkeypatch, 456, "customer")

    assert cli(*ASSIGN, "--all", "--yes").code == 7


@pytest.mark.each_database("what is seen is a condition of each query")
def test_an_agent_changes_own_tickets_and_the_queue_and_sees_no_others(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued, own = (
        created(database, system_clock),
        brought_to(database, system_clock, Status.IN_PROGRESS),
    )
    hidden = brought_to(database, system_clock, Status.IN_PROGRESS)
    write(
        database, f"UPDATE support_tickets SET assigned_to = {OTHER_AGENT} WHERE id = {hidden.id}"
    )
    with_token_of(monkeypatch, AGENT, "agent")

    done = cli("ticket", "bulk", "tag", "--all", "--add", "x", "--yes", "-o", "json")

    assert done.code == 0, done.err
    assert [item["id"] for item in json.loads(done.out)["items"]] == [queued.id, own.id]


def test_what_an_agent_does_not_see_is_like_a_number_that_was_never_given(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = brought_to(database, system_clock, Status.IN_PROGRESS)
    with_token_of(monkeypatch, OTHER_AGENT, "agent")

    reasons = []
    for ref in (hidden.ticket_number, "TKT-ZZZZZZZZ"):
        text = io.TextIOWrapper(io.BytesIO(ref.encode()))
        monkeypatch.setattr(sys, "stdin", text)
        done = cli(*ASSIGN, "-", "--yes", "-o", "json")
        assert done.code == 3
        item = json.loads(done.out)["items"][0]
        reasons.append({**item, "reason": item["reason"].replace(ref, "X"), "ticket_number": "X"})

    assert reasons[0] == reasons[1]


def test_a_plan_of_the_operators_does_nothing_to_what_an_agent_does_not_see(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    hidden = brought_to(database, system_clock, Status.IN_PROGRESS)
    plan = f"{tmp_path}/plan.jsonl"
    assert cli(*ASSIGN[:-1], "12", "--all", "--plan-out", plan).code == 0
    with_token_of(monkeypatch, OTHER_AGENT, "agent")

    done = cli("ticket", "bulk", "assign", "--plan", plan, "-o", "json")

    assert done.code == 0
    assert [item["outcome"] for item in json.loads(done.out)["items"]] == ["skipped"]
    stored = rows(database, f"SELECT assigned_to FROM support_tickets WHERE id = {hidden.id}")
    assert stored == [{"assigned_to": AGENT}]


def test_an_agent_may_not_sign_as_somebody_else(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    created(database, system_clock)
    with_token_of(monkeypatch, AGENT, "agent")

    assert cli(*ASSIGN, "--all", "--yes", "--as", "12").code == 7
