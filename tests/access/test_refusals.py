"""What a role may not run is refused with 7 before anything is done, and audited (rules 12.3)."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from savctl.domain.access.file_access import Role
from savctl.domain.access.policy import Need, may_run, need_of
from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.access.token_users import with_token_of
from tests.cli.shop import COMMANDS, examples, shop_for
from tests.conftest import Cli
from tests.given import AGENT, CUSTOMER, brought_to, created, rows, snapshot

REFUSED = "SELECT actor, entry, ticket_id FROM savctl_audit WHERE action = 'refused'"
pytestmark = pytest.mark.only_on("sqlite")


def state(database: Database) -> dict[str, object]:
    """Every row but those of the audit, which keeps the refusal."""
    return {name: found for name, found in snapshot(database).items() if name != "savctl_audit"}


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.AGENT])
@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_command_of_another_role_is_refused_and_does_nothing(
    cli: Cli,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    role: Role,
) -> None:
    if may_run(role, command):
        return
    words = shop_for(cli, database, tmp_path, examples(COMMANDS[command])[0])
    with_token_of(monkeypatch, AGENT if role is Role.AGENT else CUSTOMER, role)
    before = state(database)

    outcome = cli(*words, "-o", "json")

    assert (outcome.code, outcome.out) == (7, ""), outcome.err
    assert json.loads(outcome.err.splitlines()[-1])["error"]["code"] == "not_permitted"
    assert state(database) == before
    (kept,) = rows(database, REFUSED)
    assert json.loads(kept["entry"])["command"] == command


def test_a_refusal_is_audited_once_a_minute_for_each_user_and_command(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user in (CUSTOMER, CUSTOMER + 1):
        with_token_of(monkeypatch, user, "customer")
        for _ in range(3):
            assert cli("audit", "list").code == cli("user", "list").code == 7

    kept = [(row["actor"], json.loads(row["entry"])["command"]) for row in rows(database, REFUSED)]
    assert sorted(kept) == sorted(
        (user, command)
        for user in (CUSTOMER, CUSTOMER + 1)
        for command in ("audit list", "user list")
    )
    with_token_of(monkeypatch, 1, "admin")
    assert len(json.loads(cli("audit", "list", "--action", "refused", "-o", "json").out)) == 4
    (line,) = [
        row for row in json.loads(cli("doctor", "-o", "json").out) if row["check"] == "token"
    ]
    assert "refusals: 4 in 24 h" in line["found"]


OPTIONS = [
    ("customer", "ticket create --user 9 --subject s --description d"),
    ("customer", "ticket create --user {me} --subject s --description d --priority urgent"),
    ("customer", "ticket create --user {me} --subject s --description d --tag x"),
    ("customer", "ticket create --user {me} --subject s --description d --meta a=b"),
    ("customer", "ticket create --user {me} --subject s --description d --vip"),
    ("customer", "ticket create --user {me} --subject s --description d --payment-failed"),
    ("customer", "ticket create --user {me} --subject s --description d --order-value 900"),
    ("customer", "ticket list --user 9"),
    ("customer", "ticket list --user nobody@example.org"),
    ("customer", "ticket list --breached"),
    ("customer", "ticket show {ticket} --with sla"),
    ("customer", "ticket show {ticket} --with messages,SLA"),
    ("customer", "message add {ticket} --from agent:10 --body x"),
    ("customer", "message add {ticket} --from customer:9 --body x"),
    ("customer", "message add {ticket} --from customer:{me} --body x --internal"),
    ("customer", "message read {ticket} --by 9"),
    ("customer", "ticket reopen {ticket} --as 9"),
    ("customer", "ticket close {ticket} --bridge"),
    ("customer", "gdpr find 9"),
    ("customer", "gdpr find nobody@example.org"),
    ("customer", "gdpr export 9 --out x.zip"),
    ("customer", "gdpr export {me} --out x.zip --with-internal"),
    ("agent", "message add {ticket} --from agent:9 --body x"),
    ("agent", "message add {ticket} --from customer:9 --other-customer --body x"),
    ("agent", "message read {ticket} --by 9"),
    ("agent", "ticket assign {ticket} --to 5 --as 9"),
]


@pytest.mark.parametrize(("role", "words"), OPTIONS)
def test_an_option_of_another_role_is_refused_and_does_nothing(
    cli: Cli,
    database: Database,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
    role: str,
    words: str,
) -> None:
    ticket = brought_to(database, clock, Status.IN_PROGRESS)
    me = AGENT if role == "agent" else CUSTOMER
    with_token_of(monkeypatch, me, role)
    before = state(database)

    outcome = cli(*shlex.split(words.format(me=me, ticket=ticket.ticket_number)), "-o", "json")

    assert (outcome.code, outcome.out) == (7, ""), outcome.err
    assert state(database) == before
    (kept,) = rows(database, REFUSED)
    assert kept["ticket_id"] == (ticket.id if "{ticket}" in words else None)


def test_of_a_ticket_that_is_not_seen_nothing_else_is_answered(
    cli: Cli, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = created(database, clock)
    with_token_of(monkeypatch, CUSTOMER + 1, "customer")

    assert cli("message", "add", ticket.id, "--from", "agent:9", "--body", "x").code == 4
    assert cli("ticket", "show", ticket.id, "--with", "sla").code == 4


def test_a_required_token_is_asked_of_everything_but_what_timers_start(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_REQUIRE_TOKEN", "true")
    monkeypatch.setenv("SAVCTL_ACTOR", "5")  # a signature, not --as
    before = snapshot(database)

    for words in ("ticket list", "doctor", "job run auto-close", "db upgrade --as 5", "db status"):
        assert cli(*shlex.split(words)).code == 7, words
    assert snapshot(database) == before
    for words in ("states", "version", "config show", "sla policy", "job crontab", "db upgrade"):
        assert cli(*shlex.split(words)).code == 0, words
    assert cli("job", "run", "auto-close", "--due").code == 0
    with_token_of(monkeypatch, 1, "admin")
    assert cli("ticket", "list").code == 0


def test_a_token_is_not_looked_at_where_none_is_needed(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_TOKEN", "garbage")

    tokenless = [c for c in COMMANDS if need_of(c) is Need.NOTHING and not c.startswith("config")]
    for command in set(tokenless) - {"demo", "completion", "attachment check"}:
        assert cli(*command.split()).code == 0, command


def test_an_actor_of_the_environment_that_is_not_the_tokens_user_is_ignored_with_a_warning(
    cli: Cli, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = created(database, clock)
    with_token_of(monkeypatch, AGENT, "agent")
    monkeypatch.setenv("SAVCTL_ACTOR", "9")

    outcome = cli("ticket", "priority", ticket.id, "urgent", "--reason", "x")

    assert outcome.code == 0
    assert "SAVCTL_ACTOR 9 is ignored" in outcome.err
    (changed,) = rows(database, "SELECT actor FROM savctl_audit WHERE action = 'priority'")
    assert changed["actor"] == AGENT
