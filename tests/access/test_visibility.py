"""What a role sees: rows of lists, parts of a ticket, columns (rules 12.3)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.merging import merge_tickets
from tests.access.token_users import with_token_of
from tests.conftest import Cli
from tests.files.making import JPEG
from tests.given import AGENT, CUSTOMER, brought_to, created, write

OTHER = 9


def strangers(database: Database, clock: SetClock) -> None:
    """A ticket for each way of not being seen by CUSTOMER and AGENT."""
    op = Operation(database, clock, actor=None)
    theirs = brought_to(database, clock, Status.IN_PROGRESS, user_id=OTHER)
    resolved = brought_to(database, clock, Status.RESOLVED, user_id=OTHER)
    brought_to(database, clock, Status.CLOSED, user_id=OTHER)
    merged = created(database, clock, user_id=OTHER)
    merge_tickets(op, [merged.id], theirs.id)
    ids = ", ".join(str(t.id) for t in (theirs, resolved))
    write(database, f"UPDATE support_tickets SET assigned_to = {OTHER} WHERE id IN ({ids})")


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


def test_a_customer_counts_nothing_that_is_among_agents_or_was_deleted(
    cli: Cli, conversation: Callable[[Cli], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def count() -> dict[str, int]:
        found = json.loads(cli("gdpr", "find", CUSTOMER, "-o", "json").out)
        return {row["place"]: row["rows"] for row in found}

    ticket = conversation(cli)
    (_, on_note) = json.loads(cli("attachment", "list", ticket, "-o", "json").out)
    all_of_it = count()
    with_token_of(monkeypatch, CUSTOMER, "customer")
    shown = count()

    among_agents = {"internal_notes", "messages_of_others", "sla_breaches", "sla_alarms"}
    assert (all_of_it["internal_notes"], all_of_it["attachments"]) == (1, 2)
    assert shown["attachments"] == 1
    assert set(all_of_it) - set(shown) == among_agents
    with_token_of(monkeypatch, 1, "admin")
    assert cli("attachment", "delete", on_note["id"] - 1).code == 0
    assert count()["attachments"] == 2
    with_token_of(monkeypatch, CUSTOMER, "customer")
    assert count()["attachments"] == 0
    listed = cli("attachment", "list", ticket, "--deleted", "-o", "json")
    assert (listed.code, json.loads(listed.out)) == (0, [])


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
