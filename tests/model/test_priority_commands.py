"""First priorities with their reasons, `ticket priority`, `user vip` (rules 4.1, 4.2)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from savctl.domain.model.priority import LEVELS
from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock, system_clock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.sla.escalating import escalate
from tests.conftest import Cli
from tests.given import DAY, brought_to, rows, snapshot
from tests.given import created as made

ORDER, FAILED = "order value over 500 EUR: high", "payment failure: urgent"
REPEATS = "more than 3 earlier tickets in this category: high"
VIP = "VIP customer: one level up"


def answer(cli: Cli, *words: object) -> dict[str, Any]:
    outcome = cli(*words, "-o", "json")
    assert outcome.code == 0, outcome.err
    found: dict[str, Any] = json.loads(outcome.out)
    return found


def created(cli: Cli, *words: object, user: int = 456) -> dict[str, Any]:
    given = ("--user", user, "--subject", "Lost", "--description", "Where?")
    return answer(cli, "ticket", "create", *given, *words)


@pytest.mark.parametrize(
    ("words", "priority", "reasons"),
    [
        ((), "medium", ["default"]),
        (("--order-value", "500"), "medium", ["default"]),
        (("--order-value", "500.01"), "high", [ORDER]),
        (("--payment-failed",), "urgent", [FAILED]),
        (("--vip",), "high", [VIP]),
        (("--vip", "--order-value", "501"), "urgent", [ORDER, VIP]),
        (("--vip", "--payment-failed"), "urgent", [FAILED, VIP]),
        (("--priority", "low", "--payment-failed", "--vip"), "low", ["set by hand"]),
    ],
)
def test_a_new_ticket_has_the_highest_priority_whose_rule_holds(
    cli: Cli, words: tuple[str, ...], priority: str, reasons: list[str]
) -> None:
    ticket = created(cli, *words)

    assert ticket["priority"] == priority
    assert ticket["metadata"]["priority_reasons"] == reasons
    assert ticket["metadata"]["sla"]["promise"]["priority"] == priority
    explanation = cli("sla", "explain", ticket["ticket_number"]).out
    assert "; ".join(reasons) in explanation


def test_the_fifth_ticket_of_a_category_is_high(cli: Cli) -> None:
    found = [created(cli, "--category", "refund")["priority"] for _ in range(5)]

    assert found == ["medium"] * 4 + ["high"]
    other = created(cli, "--category", "delivery")
    stranger = created(cli, "--category", "refund", user=457)
    assert other["priority"] == stranger["priority"] == "medium"


def test_a_vips_new_tickets_are_one_level_higher_and_others_stay(cli: Cli) -> None:
    before = created(cli)

    marked = answer(cli, "user", "vip", 456, "--as", 5)

    assert marked == {"id": 456, "vip": True, "changed": True}
    assert created(cli)["priority"] == "high"
    assert answer(cli, "ticket", "show", before["id"])["priority"] == "medium"
    assert answer(cli, "user", "vip", 456, "--off") == {"id": 456, "vip": False, "changed": True}
    assert created(cli)["priority"] == "medium"


def test_marking_twice_changes_nothing_and_is_on_record_once(cli: Cli, database: Database) -> None:
    answer(cli, "user", "vip", 456, "--as", 5)

    again = cli("user", "vip", 456, "--as", 5, "-o", "json")

    assert json.loads(again.out)["changed"] is False
    assert "user 456 is a VIP already" in again.err
    (noted,) = rows(database, "SELECT actor, entry FROM savctl_audit WHERE action = 'vip'")
    assert noted["actor"] == 5


def test_a_vip_is_known_before_the_first_ticket(cli: Cli) -> None:
    answer(cli, "user", "vip", 456)

    found = answer(cli, "user", "show", 456)

    assert found["vip"] is True
    assert found["vip_since"] is not None
    assert cli("user", "show", 457).code == 4


def test_a_dry_run_marks_nobody(cli: Cli, database: Database) -> None:
    before = snapshot(database)

    assert answer(cli, "user", "vip", 456, "--dry-run")["changed"] is True

    assert snapshot(database) == before


@pytest.mark.parametrize("given", ["abc", "0", "-1", "1_0", "٣", str(2**64), ""])
def test_what_is_no_user_is_refused(cli: Cli, database: Database, given: str) -> None:
    outcome = cli("user", "vip", "--", given)

    assert outcome.code == 2
    assert rows(database, "SELECT * FROM savctl_vips") == []


def test_a_priority_set_by_hand_moves_the_promise_and_is_on_record(
    cli: Cli, database: Database
) -> None:
    ticket = created(cli)

    changed = answer(cli, "ticket", "priority", ticket["id"], "HIGH", "--reason", "angry")

    assert (changed["priority"], changed["changed"]) == ("high", True)
    assert changed["metadata"]["sla"]["promise"]["priority"] == "high"
    *_, entry = changed["metadata"]["history"]
    assert (entry["action"], entry["from"], entry["to"], entry["reason"]) == (
        *("priority", "medium", "high"),
        "angry",
    )
    noted = rows(database, "SELECT entry FROM savctl_audit WHERE action = 'priority'")
    assert [json.loads(row["entry"]) for row in noted] == [entry]


def test_the_same_priority_again_is_done_already(cli: Cli) -> None:
    ticket = created(cli)

    again = answer(cli, "ticket", "priority", ticket["id"], "medium", "--reason", "x")

    assert again["changed"] is False
    assert len(again["metadata"]["history"]) == 1


def test_what_the_scan_raised_is_no_promise_and_naming_it_by_hand_no_change(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = made(database, clock)
    clock.advance(2 * DAY)
    escalate(database, clock, terms=BatchContext(report=BatchReport()))

    same = answer(cli, "ticket", "priority", ticket.id, "high", "--reason", "x")
    other = answer(cli, "ticket", "priority", ticket.id, "urgent", "--reason", "x")

    assert (same["priority"], same["changed"]) == ("high", False)
    assert same["metadata"]["sla"]["promise"]["priority"] == "medium"
    assert other["metadata"]["sla"]["promise"]["priority"] == "urgent"


@pytest.mark.parametrize(
    ("level", "words", "text"),
    [
        ("hihg", ("--reason", "x"), "Did you mean 'high'?"),
        ("critical", ("--reason", "x"), "is not one of low, medium, high, urgent"),
        ("high", (), "Missing option '--reason'"),
        ("high", ("--reason", " "), "--reason is empty"),
    ],
)
def test_what_is_no_priority_or_no_reason_is_refused(
    cli: Cli, level: str, words: tuple[str, ...], text: str
) -> None:
    ticket = created(cli)

    outcome = cli("ticket", "priority", ticket["id"], level, *words)

    assert outcome.code == 2
    assert text in outcome.err
    assert answer(cli, "ticket", "show", ticket["id"])["priority"] == "medium"


def test_a_closed_ticket_keeps_its_priority(cli: Cli, database: Database) -> None:
    ticket = brought_to(database, system_clock, Status.CLOSED)

    outcome = cli("ticket", "priority", ticket.id, LEVELS[-1], "--reason", "x")

    assert outcome.code == 5
    assert f"{ticket.ticket_number} is closed" in outcome.err
