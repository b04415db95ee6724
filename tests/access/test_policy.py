"""Every command is in the policy's table; what is not is for admins (rules 12.3)."""

from __future__ import annotations

import pytest

from savctl.domain.access.file_access import Role
from savctl.domain.access.policy import POLICY, Need, may_run, need_of
from tests.cli.shop import COMMANDS

CUSTOMERS = {
    *("ticket create", "ticket list", "ticket show", "ticket history", "ticket reopen"),
    *(
        "ticket search",
        "ticket close",
        "message add",
        "message list",
        "message read",
        "attachment add",
    ),
    *("attachment list", "attachment get", "attachment url", "gdpr find", "gdpr export"),
}
TOKENLESS = {
    *("version", "completion", "config show", "config check", "config path", "states", "demo"),
    *("attachment check", "event schema", "gdpr schema", "gdpr inventory", "job crontab"),
    "sla policy",
}


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_is_in_the_table(command: str) -> None:
    assert command in POLICY


def test_the_table_names_commands_only() -> None:
    assert set(POLICY) == set(COMMANDS)


def test_customers_may_run_what_the_rules_list_and_nothing_else() -> None:
    allowed = {command for command in COMMANDS if may_run(Role.CUSTOMER, command)}

    assert allowed == CUSTOMERS | TOKENLESS


def test_only_what_opens_nothing_looks_at_no_token() -> None:
    assert {c for c, need in POLICY.items() if need is Need.NOTHING} == TOKENLESS


def test_a_command_that_is_not_in_the_table_is_for_admins() -> None:
    assert need_of("ticket shred") is Need.ADMIN
    assert may_run(Role.ADMIN, "ticket shred")
    assert not may_run(Role.AGENT, "ticket shred")


def test_an_operator_without_a_token_may_run_everything() -> None:
    assert all(may_run(None, command) for command in COMMANDS)
