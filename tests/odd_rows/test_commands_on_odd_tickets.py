"""Commands on a ticket whose own row is odd: they do what a rule allows, or say why not."""

from __future__ import annotations

import json

import pytest

from savctl.persistence.engine import Database
from tests.conftest import Cli
from tests.given import rows
from tests.odd_rows.kinds import ZERO, Kind, T
from tests.odd_rows.shop import good_statements, odd_statements, write_odd

ODD = (
    Kind(T, "priority = ''"),
    Kind(T, "status = ''"),
    Kind(T, f"created_at = {ZERO}, updated_at = {ZERO}"),
    Kind(T, "metadata = '{'"),
    Kind(T, 'metadata = \'{"history": [{"at": 5}], "sla": [], "tags": 7}\''),
)
ON_ONE = (
    "ticket show {} --with messages,attachments,history,sla",
    "ticket history {}",
    "message list {}",
    "attachment list {}",
    "sla show {}",
    "sla explain {}",
    "sla explain {} --at 2026-01-03",
    "message add {} --from customer:456 --body x",
    "message add {} --from agent:10 --body x",
    "ticket edit {} --tag t",
    "ticket assign {} --to 11",
    "ticket wait {} --message m --as 11",
    "ticket resolve {} --message m --as 11",
    "gdpr hold add {} --reason x --dry-run",
    "ticket merge GOOD-open-1 --into {} --yes --dry-run",
    "ticket merge {} --into GOOD-open-1 --yes --dry-run",
    "ticket close {} --reason x --bridge",
)


@pytest.mark.only_on("sqlite", "mariadb")
def test_each_command_works_or_is_refused_by_a_rule(database: Database, cli: Cli) -> None:
    write_odd(database, good_statements() + odd_statements(ODD))

    failed = []
    for number, kind in enumerate(ODD):
        for words in ON_ONE:
            outcome = cli(*words.format(f"ODD-{number}-waiting").split())
            if outcome.code not in {0, 5}:
                failed.append((kind.sets, words, outcome.code, outcome.err[-300:]))

    assert failed == []


@pytest.mark.only_on("sqlite", "mariadb")
def test_an_unknown_priority_stays_until_a_person_sets_one(database: Database, cli: Cli) -> None:
    write_odd(database, odd_statements(ODD[:1]))

    assert cli("message", "add", "ODD-0-open", "--from", "customer:456", "--body", "x").code == 0
    assert cli("ticket", "assign", "ODD-0-open", "--to", 10).code == 0
    shown = cli("ticket", "show", "ODD-0-open", "-o", "json")
    assert json.loads(shown.out)["priority"] == ""
    assert "ODD-0-open has the priority ''" in shown.err

    assert cli("ticket", "priority", "ODD-0-open", "high", "--reason", "was none").code == 0
    shown = cli("ticket", "show", "ODD-0-open", "-o", "json")
    assert (json.loads(shown.out)["priority"], shown.err) == ("high", "")


@pytest.mark.only_on("mariadb")
def test_a_change_leaves_a_zero_date_of_another_column_alone(database: Database, cli: Cli) -> None:
    write_odd(database, odd_statements([Kind(T, f"resolved_at = {ZERO}")]))

    assert cli("ticket", "edit", "ODD-0-open", "--tag", "t").code == 0

    (row,) = rows(
        database,
        "SELECT CAST(resolved_at AS CHAR) AS at FROM support_tickets "
        "WHERE ticket_number = 'ODD-0-open'",
    )
    assert row["at"] == "0000-00-00 00:00:00"


@pytest.mark.only_on("mariadb")
def test_an_agents_answer_counts_beside_one_with_a_zero_date(database: Database, cli: Cli) -> None:
    write_odd(database, odd_statements([Kind("ticket_messages", f"created_at = {ZERO}")]))
    assert cli("message", "add", "ODD-0-open", "--from", "agent:10", "--body", "x").code == 0

    found = json.loads(cli("sla", "explain", "ODD-0-open", "-o", "json").out)

    assert found["answer"]["message_id"] is not None
