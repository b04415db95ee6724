"""What is odd about a change that is stored all the same: a warning once, none with `-q`."""

from __future__ import annotations

import json

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.conftest import Cli
from tests.given import AGENT, created

WARNING = f"warning: user {AGENT} is not in the users table yet; saved anyway\n"


def test_the_same_warning_is_printed_once_for_many_tickets(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ids = [created(database, clock).id for _ in range(3)]

    outcome = cli("ticket", "assign", *ids, "--to", AGENT)

    assert (outcome.code, outcome.err) == (0, WARNING)


@pytest.mark.parametrize(
    "words",
    [
        ("ticket", "assign", 1, "--to", AGENT),
        ("ticket", "create", "--user", AGENT, "--subject", "s", "--description", "d"),
        ("ticket", "merge", 2, "--into", 1, "--as", AGENT, "--yes"),
    ],
    ids=lambda words: words[1],
)
def test_quiet_accepts_a_user_who_is_not_known_yet(
    cli: Cli, database: Database, clock: SetClock, words: tuple[str | int, ...]
) -> None:
    created(database, clock)
    created(database, clock)

    loud = cli(*words, "--dry-run")
    quiet = cli(*words, "-q")

    assert f"user {AGENT} is not in the users table yet" in loud.err
    assert (quiet.code, quiet.err) == (0, "")


def test_quiet_hides_nothing_that_a_merge_should_be_looked_at_for(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    created(database, clock, order_id=1)
    created(database, clock, order_id=2)

    outcome = cli("ticket", "merge", 2, "--into", 1, "--yes", "-q")

    assert outcome.code == 0
    assert "is about order 2" in outcome.err


def test_the_hint_of_a_refused_resolve_works(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)

    refused = cli("ticket", "resolve", ticket.id, "-o", "json")

    hint = json.loads(refused.err.splitlines()[-1])["error"]["hint"]
    assert refused.code == 5
    assert "Assign it first" in hint
    assert "--bridge --as USER_ID" in hint
    assert cli("ticket", "resolve", ticket.id, "--bridge", "--as", AGENT).code == 0


def test_a_ticket_is_not_merged_into_itself_and_nobody_is_asked(
    cli: Cli, database: Database, clock: SetClock
) -> None:
    ticket = created(database, clock)

    refused = cli("ticket", "merge", ticket.id, "--into", ticket.id)

    assert (refused.code, "cannot be merged into itself" in refused.err) == (5, True)
