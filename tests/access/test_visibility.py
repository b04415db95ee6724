"""What one may not see does not exist: byte for byte the answer to a number nobody was given.

Rules 12.3, 12.4; both databases, each command that names a ticket or a file.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.merging import merge_tickets
from tests.access.token_users import with_token_of
from tests.cli.shop import home_store
from tests.conftest import Cli
from tests.files.making import JPEG
from tests.given import AGENT, CUSTOMER, DAY, NOW, attached, brought_to, created, snapshot, write

OTHER = 9
NOBODY = {"id": 999_999, "number": "TKT-ZZZZZZZZ"}
CUSTOMERS = (
    "ticket show {t}", "ticket show {t} --with messages,attachments,history", "ticket history {t}",
    "ticket reopen {t}", "ticket close {t}", "message list {t}", "message read {t}",
    "message add {t} --from customer:{me} --body x", "message add {t} --from agent:1 --body x",
    "attachment list {t}", "attachment add {t} photo.jpg", "attachment add {t} photo.jpg --url",
    "ticket list --after {t}",
)  # fmt: skip
AGENTS = (
    "ticket show {t} --with sla", "ticket history {t}", "ticket edit {t} --subject x",
    "ticket assign {t} --to 5", "ticket unassign {t} --reason x", "ticket wait {t}",
    "ticket resume {t}", "ticket resolve {t}", "ticket resolve {t} --bridge", "ticket reopen {t}",
    "ticket close {t} --reason x", "ticket close {seen} --duplicate-of {t}",
    "ticket priority {t} low --reason x", "ticket merge {t} --into {seen} --yes",
    "ticket merge {seen} --into {t} --yes", "ticket split {t} --messages 1",
    "message list {t}", "message read {t}", "message add {t} --from agent:{me} --body x",
    "message add {t} --from agent:1 --body x", "attachment list {t}", "attachment access {t}",
    "attachment add {t} photo.jpg", "sla show {t}", "sla explain {t}",
    "ticket create --user 3 --subject s --description d --follow-up-of {t}",
)  # fmt: skip
FILES = ("attachment get {f} --out x.jpg", "attachment url {f}")
AGENTS_FILES = (*FILES, "attachment delete {f}", "attachment restore {f}", "attachment access {f}")


def strangers(database: Database, clock: SetClock) -> dict[str, Any]:
    """A ticket for each way of not being seen by CUSTOMER and AGENT."""
    op = Operation(database, clock, actor=None)
    theirs = brought_to(database, clock, Status.IN_PROGRESS, user_id=OTHER)
    resolved = brought_to(database, clock, Status.RESOLVED, user_id=OTHER)
    closed = brought_to(database, clock, Status.CLOSED, user_id=OTHER)
    merged = created(database, clock, user_id=OTHER)
    merge_tickets(op, [merged.id], theirs.id)
    ids = ", ".join(str(t.id) for t in (theirs, resolved))
    write(database, f"UPDATE support_tickets SET assigned_to = {OTHER} WHERE id IN ({ids})")
    return {"others": theirs, "resolved": resolved, "closed": closed, "merged away": merged}


def renamed(err: str, given: str, unknown: str) -> str:
    """The same words about the ticket that never was; an exit code is no ticket."""
    return re.sub(rf'(?<!"exit": )\b{given}\b', unknown, err)


def answer(cli: Cli, words: str, **names: object) -> tuple[int, str, str]:
    found = cli(*shlex.split(words.format(**names)), "-o", "json")
    return found.code, found.out, found.err


@pytest.mark.parametrize(
    ("role", "words"),
    [*(("customer", words) for words in CUSTOMERS), *(("agent", words) for words in AGENTS)],
)
def test_a_ticket_that_is_not_seen_is_answered_as_one_that_never_was(
    cli: Cli,
    database: Database,
    clock: SetClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    role: str,
    words: str,
) -> None:
    (tmp_path / "photo.jpg").write_bytes(JPEG)
    seen = brought_to(database, clock, Status.IN_PROGRESS)
    hidden = strangers(database, clock)
    me = CUSTOMER if role == "customer" else AGENT
    with_token_of(monkeypatch, me, role)
    before = snapshot(database)

    for form in ("id", "number"):
        unknown = str(NOBODY[form])
        never = answer(cli, words, t=unknown, me=me, seen=seen.id)
        assert never[0] == 4
        for ticket in hidden.values():
            given = str(ticket.id if form == "id" else ticket.ticket_number)
            code, out, err = answer(cli, words, t=given, me=me, seen=seen.id)
            assert (code, out, renamed(err, given, unknown)) == never
    assert snapshot(database) == before


@pytest.mark.parametrize(
    ("role", "words"),
    [*(("customer", words) for words in FILES), *(("agent", words) for words in AGENTS_FILES)],
)
def test_a_file_that_is_not_seen_is_answered_as_one_that_never_was(
    cli: Cli,
    database: Database,
    clock: SetClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    role: str,
    words: str,
) -> None:
    theirs = created(database, clock, user_id=OTHER)
    (photo,) = attached(database, home_store(tmp_path), theirs.id, ("photo.jpg", JPEG))
    write(database, f"UPDATE support_tickets SET assigned_to = {OTHER}")
    with_token_of(monkeypatch, CUSTOMER if role == "customer" else AGENT, role)
    before = snapshot(database)

    never = answer(cli, words, f=88)
    code, out, err = answer(cli, words, f=photo.id)

    assert never[0] == 4
    assert (code, out) == never[:2]
    assert (
        err.replace(f"attachment {photo.id}", "attachment 88").replace(
            f'"attachment_id": {photo.id}', '"attachment_id": 88'
        )
        == never[2]
    )
    assert snapshot(database) == before


@pytest.mark.parametrize("words", ["ticket show {t}", "ticket history {t}", "message list {t}"])
@pytest.mark.parametrize("role", ["customer", "agent"])
def test_an_archived_ticket_is_no_ticket_to_either(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch, role: str, words: str
) -> None:
    number = "TKT-9XQ4C7PA"
    old = brought_to(database, SetClock(NOW - 400 * DAY), Status.CLOSED)
    write(
        database,
        f"UPDATE support_tickets SET ticket_number = '{number}', assigned_to = {AGENT} "
        f"WHERE id = {old.id}",
    )
    assert cli("archive", "run").code == 0
    with_token_of(monkeypatch, CUSTOMER if role == "customer" else AGENT, role)

    never = answer(cli, words, t=NOBODY["number"])
    code, out, err = answer(cli, words, t=number)

    assert (code, out, err.replace(number, str(NOBODY["number"]))) == never


def ids_of(cli: Cli, *words: str) -> set[int]:
    outcome = cli(*words, "-o", "json")
    assert outcome.code == 0, outcome.err
    return {row.get("id") or row["ticket_id"] for row in json.loads(outcome.out)}


def test_lists_hold_what_is_seen_and_count_nothing_else(
    cli: Cli, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_open = created(database, clock)
    own_closed = brought_to(database, clock, Status.CLOSED)
    mine = brought_to(database, clock, Status.IN_PROGRESS)
    waiting = brought_to(database, clock, Status.WAITING_CUSTOMER)
    queue = created(database, clock, user_id=OTHER)
    strangers(database, clock)

    with_token_of(monkeypatch, CUSTOMER, "customer")
    assert ids_of(cli, "ticket", "list") == {own_open.id, own_closed.id, mine.id, waiting.id}
    for sort in ("-id", "priority", "status", "-updated_at"):
        assert len(ids_of(cli, "ticket", "list", "--sort", sort, "--limit", "0")) == 4
    with_token_of(monkeypatch, AGENT, "agent")
    assert ids_of(cli, "ticket", "list") == {own_open.id, mine.id, waiting.id, queue.id}
    assert ids_of(cli, "ticket", "list", "--agent", str(OTHER)) == set()
    assert ids_of(cli, "ticket", "list", "--user", str(OTHER)) == {queue.id}
    (load,) = json.loads(cli("agent", "workload", "-o", "json").out)
    assert (load["agent_id"], load["in_progress"], load["waiting_customer"]) == (AGENT, 1, 1)
    with_token_of(monkeypatch, 1, "admin")
    assert len(ids_of(cli, "ticket", "list", "--limit", "0")) == 9


def test_an_agents_other_lists_are_narrowed_as_well(
    cli: Cli, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = brought_to(database, clock, Status.IN_PROGRESS)
    for _ in range(2):  # alike, of one customer: duplicates of each other
        theirs = brought_to(database, clock, Status.IN_PROGRESS, user_id=OTHER, category="c")
        write(database, f"UPDATE support_tickets SET assigned_to = {OTHER} WHERE id = {theirs.id}")
        op = Operation(database, clock, actor=None)
        add_message(op, theirs.id, sender=("customer", OTHER), body="Where is it?")
    op = Operation(database, clock, actor=None)
    add_message(op, mine.id, sender=("customer", CUSTOMER), body="Where is it?")
    assert len(ids_of(cli, "message", "unread")) == 3
    assert len(ids_of(cli, "ticket", "duplicates")) == 1
    due = ("sla", "due", "--within", "30d")
    assert len(ids_of(cli, *due)) > 1
    with_token_of(monkeypatch, AGENT, "agent")

    assert ids_of(cli, "message", "unread") == {mine.id}
    assert ids_of(cli, "ticket", "duplicates") == set()
    assert ids_of(cli, *due) == {mine.id}
    assert json.loads(cli("ticket", "next", "-o", "json").out)["id"] == mine.id


def test_a_ticket_that_was_given_away_is_no_longer_seen(
    cli: Cli, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = brought_to(database, clock, Status.IN_PROGRESS)
    with_token_of(monkeypatch, AGENT, "agent")

    assert cli("ticket", "assign", mine.id, "--to", OTHER).code == 0
    assert cli("ticket", "show", mine.id).code == 4


@pytest.fixture
def conversation(database: Database, clock: SetClock, tmp_path: Path) -> Callable[[Cli], int]:
    """A resolved ticket of CUSTOMER with a note, files, tags and an agent with a name."""

    def make(cli: Cli) -> int:
        write(
            database,
            f"INSERT INTO users (id, email, firstname, lastname) VALUES "
            f"({CUSTOMER}, 'ada@example.org', 'Ada', 'Byron'), "
            f"({AGENT}, 'bob@example.org', 'Bob', 'Ross')",
        )
        ticket = brought_to(database, clock, Status.IN_PROGRESS, tags=("fragile",))
        (tmp_path / "photo.jpg").write_bytes(JPEG)
        for more in ((), ("--internal",)):
            added = cli(
                *("message", "add", ticket.id, "--from", f"agent:{AGENT}"),
                *("--body", "secret" if more else "hello", "--attach", "photo.jpg", *more),
            )
            assert added.code == 0, added.err
        moved = ("ticket", "resolve", ticket.id, "--reason", "inner reason", "--as", AGENT)
        assert cli(*moved).code == 0
        return ticket.id

    return make


def test_a_customer_reads_no_note_no_metadata_no_reason_and_no_name_of_others(
    cli: Cli, conversation: Callable[[Cli], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = conversation(cli)
    with_token_of(monkeypatch, CUSTOMER, "customer")

    everything = f"ticket show {ticket} --with messages,attachments,history"
    shown = json.loads(cli(*everything.split(), "-o", "json").out)
    assert shown["metadata"] == {"tags": ["fragile"]}
    assert shown["assigned_to"] == AGENT
    assert [message["message"] for message in shown["messages"]] == ["hello"]
    assert len(shown["attachments"]) == 1
    assert {entry["action"] for entry in shown["history"]} == {"created", "status"}
    assert {entry["reason"] for entry in shown["history"]} == {None}
    for words in (everything, f"ticket history {ticket}", f"message list {ticket}", "ticket list"):
        for form in ("table", "wide", "json", "jsonl", "csv"):
            answered = cli(*words.split(), "-o", form)
            assert answered.code == 0, answered.err
            for secret in ("secret", "inner reason", "Bob", "Ross", "promise", "priority_reasons"):
                assert secret not in answered.out + answered.err, (words, form)
    assert len(json.loads(cli("attachment", "list", ticket, "-o", "json").out)) == 1
    closed = json.loads(cli("ticket", "close", ticket, "-o", "json").out)
    assert (closed["status"], closed["metadata"]) == ("closed", {"tags": ["fragile"]})


def test_an_agent_reads_all_of_a_ticket_that_is_theirs(
    cli: Cli, conversation: Callable[[Cli], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = conversation(cli)
    with_token_of(monkeypatch, AGENT, "agent")

    words = ("ticket", "show", ticket, "--with", "messages,attachments,history,sla", "-o", "json")
    shown = json.loads(cli(*words).out)

    assert [message["message"] for message in shown["messages"]] == ["hello", "secret"]
    assert len(shown["attachments"]) == 2
    assert "history" in shown["metadata"]
    assert "inner reason" in {entry["reason"] for entry in shown["history"]}


def test_a_change_by_a_customer_keeps_the_metadata_that_is_not_shown(
    cli: Cli,
    database: Database,
    conversation: Callable[[Cli], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ticket = conversation(cli)
    before = json.loads(cli("ticket", "show", ticket, "-o", "json").out)["metadata"]
    with_token_of(monkeypatch, CUSTOMER, "customer")

    assert cli("ticket", "reopen", ticket).code == 0
    assert cli("ticket", "close", ticket).code == 7
    words = ("message", "add", ticket, "--from", f"customer:{CUSTOMER}", "--body", "still broken")
    assert cli(*words).code == 0

    monkeypatch.delenv("SAVCTL_TOKEN")
    after = json.loads(cli("ticket", "show", ticket, "-o", "json").out)["metadata"]
    assert set(after) == set(before)
    assert after["history"][: len(before["history"])] == before["history"]


def test_a_customer_creates_and_exports_for_themselves(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    del database
    with_token_of(monkeypatch, CUSTOMER, "customer")

    new = ("ticket", "create", "--user", CUSTOMER, "--subject", "s", "--description", "d")
    made = cli(*new, "--category", "c", "--idempotency-key", "k", "-o", "json")
    assert made.code == 0, made.err
    assert cli("gdpr", "find", CUSTOMER).code == 0
    assert cli("gdpr", "export", CUSTOMER, "--out", "me.zip", "--yes").code == 0
    again = json.loads(cli(*new, "--category", "c", "--idempotency-key", "k", "-o", "json").out)
    assert (again["id"], again["replayed"]) == (json.loads(made.out)["id"], True)
    with_token_of(monkeypatch, OTHER, "customer")
    other = ("ticket", "create", "--user", OTHER, "--subject", "s", "--description", "d")
    mine = json.loads(cli(*other, "--idempotency-key", "k", "-o", "json").out)
    assert mine["id"] != again["id"]


def test_who_asks_need_not_be_named(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = ("ticket", "create", "--subject", "s", "--description", "d")
    assert cli(*new).code == 2
    with_token_of(monkeypatch, CUSTOMER, "customer")
    made = json.loads(cli(*new, "-o", "json").out)
    words = json.loads(cli("message", "add", made["id"], "--body", "hello", "-o", "json").out)

    assert made["user_id"] == CUSTOMER
    assert (words["sender_type"], words["sender_id"]) == ("customer", CUSTOMER)
    with_token_of(monkeypatch, AGENT, "agent")
    words = json.loads(cli("message", "add", made["id"], "--body", "hello", "-o", "json").out)
    assert (words["sender_type"], words["sender_id"]) == ("agent", AGENT)
    assert cli(*new).code == 2  # an agent names the customer
    assert cli("message", "read", made["id"]).code == 0
    monkeypatch.delenv("SAVCTL_TOKEN")
    refused = cli("message", "add", made["id"], "--body", "hello")
    assert (refused.code, "--from" in refused.err) == (2, True)
