"""`job why` of a bulk operation: how it ended, and why tickets were not changed."""

from __future__ import annotations

import json

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.persistence.jobs import leases
from savctl.ports import system_clock
from tests.conftest import Cli
from tests.given import brought_to, created


def why(cli: Cli, name: str) -> dict[str, object]:
    done = cli("job", "why", name, "-o", "json")
    assert done.code == 0, done.err
    found: dict[str, object] = json.loads(done.out)
    return found


def test_what_a_rule_refused_is_named_by_verb_and_by_operation(
    cli: Cli, database: Database
) -> None:
    created(database, system_clock)
    closed = brought_to(database, system_clock, Status.CLOSED)
    done = cli(
        *("ticket", "bulk", "assign", "--all", "--to", "10", "--yes", "-o", "json"),
    )
    operation = json.loads(done.out)["operation"]

    by_verb, by_id = why(cli, "bulk-assign"), why(cli, operation)

    assert by_verb == by_id
    assert by_verb["job"] == "bulk-assign"
    assert f"its run {operation} ended" in str(by_verb["because"])
    assert "1 changed" in str(by_verb["because"])
    assert f"{closed.ticket_number} is closed" in str(by_verb["because"])
    assert set(by_verb) == set(why(cli, "auto-close"))
    assert cli("job", "why", operation).code == 0


def test_what_never_ran_names_its_command_and_what_runs_names_its_host(
    cli: Cli, database: Database
) -> None:
    never = why(cli, "bulk-close")
    lease = database.transaction(
        lambda c: leases.acquire(c, "bulk-close", owner="elsewhere:1", seconds=60)
    )
    running = why(cli, "bulk-close")
    database.transaction(lambda c: leases.release(c, lease))

    assert "savctl ticket bulk close" in str(never["because"])
    assert running["because"] == "it is running on elsewhere:1"


def test_what_is_no_bulk_operation_is_not_found(cli: Cli, database: Database) -> None:
    assert [cli("job", "why", name).code for name in ("bulk-x", "op-999", "op-x")] == [4, 4, 4]
