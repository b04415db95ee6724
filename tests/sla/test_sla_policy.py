"""Targets are settings with versions: `savctl sla policy`, and what a change of them does."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from savctl.persistence.engine import Database
from savctl.ports import system_clock
from tests.cli.naughty import steering
from tests.conftest import Cli
from tests.given import rows, write

STRICTER = {"SAVCTL_SLA_HIGH_RESPONSE": "2h", "SAVCTL_SLA_HIGH_RESOLUTION": "12h"}
WRONG = """
[targets.hihg]
response = "2h"
[targets.low]
response = "0s"
[rules]
order_value_over = "lots"
repeats_over = -3
[limits]
warn_at = "120%"
[colours]
"""


@pytest.fixture
def stricter(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """High tickets are promised half."""
    for name, value in STRICTER.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def answer(cli: Cli, *words: object) -> Any:
    outcome = cli(*words, "-o", "json")
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def new_high(cli: Cli) -> dict[str, Any]:
    words = ("--user", "456", "--subject", "Lost", "--description", "Where?", "--priority", "high")
    found: dict[str, Any] = answer(cli, "ticket", "create", *words)
    return found


def test_version_1_is_the_specifications(cli: Cli) -> None:
    found = answer(cli, "sla", "policy")

    assert found["version"] == 1
    assert {level: tuple(t.values()) for level, t in found["targets"].items()} == {
        "low": (48 * 60, 7 * 24 * 60),
        "medium": (24 * 60, 3 * 24 * 60),
        "high": (4 * 60, 24 * 60),
        "urgent": (60, 4 * 60),
    }
    assert found["rules"] == {"order_value_over": "500", "repeats_over": 3}
    assert found["warn_at_percent"] is None


def test_reading_commands_store_no_new_version(
    cli: Cli, database: Database, stricter: pytest.MonkeyPatch
) -> None:
    outcome = cli("sla", "policy")
    cli("sla", "report")
    cli("job", "run", "sla-escalation", "--dry-run")

    assert "a policy that was never used: it becomes version 2" in outcome.err
    assert rows(database, "SELECT * FROM savctl_sla_policies") == []


def test_the_first_promise_under_other_settings_makes_a_version(
    cli: Cli, database: Database, stricter: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        new_high(cli)

    (stored,) = rows(database, "SELECT version, body FROM savctl_sla_policies")
    first, second = answer(cli, "sla", "policy", "--all")
    assert stored["version"] == 2
    assert (first["version"], second["version"]) == (1, 2)
    assert second["targets"]["high"] == {"response_minutes": 120, "resolution_minutes": 720}
    noted = rows(database, "SELECT action FROM savctl_audit WHERE action = 'sla_policy'")
    assert len(noted) == 1


def test_going_back_to_known_settings_makes_no_third_version(
    cli: Cli, database: Database, stricter: pytest.MonkeyPatch
) -> None:
    new_high(cli)
    for name in STRICTER:
        stricter.delenv(name)
    new_high(cli)

    assert [row["version"] for row in answer(cli, "sla", "policy", "--all")] == [1, 2]
    assert answer(cli, "sla", "policy")["version"] == 1


def test_an_old_breach_stays_explained_by_the_policy_of_its_day(
    cli: Cli, database: Database, stricter: pytest.MonkeyPatch
) -> None:
    ticket = new_high(cli)
    _born_hours_ago(database, ticket["id"], 3)
    cli("job", "run", "sla-escalation", "-q")
    for name in STRICTER:
        stricter.delenv(name)

    found = answer(cli, "sla", "explain", ticket["ticket_number"])
    later = new_high(cli)

    (breach,) = found["breaches"]
    assert (breach["type"], breach["expected_minutes"], breach["found_today"]) == (
        *("response", 120),
        True,
    )
    assert (found["promise"]["policy"], found["promise"]["response_minutes"]) == (2, 120)
    assert answer(cli, "sla", "show", later["ticket_number"])["promise"]["policy"] == 1
    assert json.loads(cli("sla", "audit", "-o", "json").out)["unfounded"] == 0


def test_new_settings_make_no_old_ticket_late(
    cli: Cli, database: Database, stricter: pytest.MonkeyPatch
) -> None:
    for name in STRICTER:
        stricter.delenv(name)
    ticket = new_high(cli)
    _born_hours_ago(database, ticket["id"], 3)
    for name, value in STRICTER.items():
        stricter.setenv(name, value)

    run = answer(cli, "job", "run", "sla-escalation")

    assert run["changed"] == 0
    assert answer(cli, "sla", "show", ticket["ticket_number"])["promise"]["policy"] == 1


def _born_hours_ago(database: Database, ticket_id: int, hours: int) -> None:
    """The ticket, its history and its promise are older by some hours."""
    born = system_clock() - timedelta(hours=hours)
    stamp, text = f"{born:%Y-%m-%d %H:%M:%S}", f"{born:%Y-%m-%dT%H:%M:%S}"
    (row,) = rows(database, f"SELECT metadata FROM support_tickets WHERE id = {ticket_id}")
    stored = json.loads(row["metadata"])
    stored["sla"]["promise"]["since"] = f"{text}Z"
    stored["history"][0]["at"] = f"{text}.000000Z"
    database.transaction(
        lambda c: c.exec_driver_sql(
            f"UPDATE support_tickets SET created_at = '{stamp}', updated_at = '{stamp}', "
            f"metadata = '{json.dumps(stored)}' WHERE id = {ticket_id}"
        )
    )
    write(database, f"UPDATE savctl_sla_alarms SET looks_at = '{stamp}.000000'")


def test_a_file_is_read_and_shown_and_is_in_force_nowhere(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    file.write_text('[targets.high]\nresponse = "2h"\n[limits]\nwarn_at = "80%"\n', "utf-8")

    found = answer(cli, "sla", "policy", "--check", file)
    output = cli("sla", "policy", "--check", file).out

    assert (found["version"], found["warn_at_percent"]) == (None, 80)
    assert found["targets"]["high"] == {"response_minutes": 120, "resolution_minutes": 1440}
    assert "a policy that is not in force" in output
    assert answer(cli, "sla", "policy")["warn_at_percent"] is None


@pytest.mark.parametrize("command", [("policy", "--check"), ("simulate", "--policy")])
def test_every_mistake_of_a_file_is_named_at_once(
    cli: Cli, tmp_path: Path, command: tuple[str, str]
) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(WRONG, encoding="utf-8")

    outcome = cli("sla", *command, file)

    assert outcome.code == 2
    for texts in (
        "targets.hihg is not known; did you mean high?",
        "targets.low.response must be whole minutes, at least one",
        "rules.order_value_over 'lots': is not a number",
        "rules.repeats_over -3: must be a whole number from 0",
        "limits.warn_at '120%': must be from 1% to 99%",
        "colours is not known",
    ):
        assert texts in outcome.err


@pytest.mark.parametrize(
    "content",
    [b"", b"x = [", b"\xff\xfe\x00", b"targets = 3", b'[targets]\nlow = "1h"', b"\x1b[31m = 1"],
)
def test_any_file_is_a_policy_or_refused_in_words(
    cli: Cli, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "any.toml"
    file.write_bytes(content)

    outcome = cli("sla", "policy", "--check", file)

    assert outcome.code == (0 if content == b"" else 2)
    assert "Traceback" not in outcome.err
    assert not steering(outcome.err) | steering(outcome.out)


def test_settings_that_contradict_each_other_are_refused_by_their_names(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_SLA_HIGH_RESPONSE", "2d")

    outcome = cli("sla", "policy")

    assert outcome.code == 2
    assert "sla_high_response is longer than sla_medium_response" in outcome.err
    assert "sla_high_response is longer than sla_high_resolution" in outcome.err


def test_the_rules_of_new_tickets_follow_the_settings(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_ORDER_VALUE_OVER", "50")
    words = ("--user", "456", "--subject", "s", "--description", "d", "--order-value", "51")

    found = answer(cli, "ticket", "create", *words)

    assert found["priority"] == "high"
    assert found["metadata"]["priority_reasons"] == ["order value over 50 EUR: high"]
