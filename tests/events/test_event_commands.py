"""`savctl event …` from the outbox to a real broker, as an operator types it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from savctl.persistence.engine import Database
from savctl.ports import system_clock
from savctl.usecases.events.following import OutboxTail
from tests.conftest import Cli
from tests.events.backlog import put
from tests.events.conftest import reported
from tests.given import rows, write
from tests.servers.brokers.consumer import Consumer
from tests.servers.brokers.rabbitmq import VirtualHost
from tests.servers.ports import LOOPBACK, free_port

pytestmark = pytest.mark.each_database("events are found and counted by SQL")

NewTicketId = Callable[[], int]


@pytest.fixture
def connected(cli: Cli, broker: VirtualHost, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line with a broker in its environment."""
    monkeypatch.setenv("SAVCTL_BROKER_URL", broker.url)
    return cli


def answer(cli: Cli, *words: object) -> Any:
    """What a command that succeeds answers as JSON."""
    shown = cli(*words, "-o", "json")
    assert shown.code == 0, shown.err
    return json.loads(shown.out)


def test_setup_makes_the_exchange_and_may_be_repeated(
    connected: Cli, new_ticket: NewTicketId
) -> None:
    new_ticket()
    before = connected("event", "relay", "--once")

    first, second = answer(connected, "event", "setup"), answer(connected, "event", "setup")

    assert before.code == 2
    assert first == second
    assert (first["exchange"], first["type"], first["durable"]) == ("sav_exchange", "topic", True)
    assert connected("event", "relay", "--once").code == 0  # the exchange is there


def test_a_dry_run_of_setup_makes_nothing(connected: Cli, new_ticket: NewTicketId) -> None:
    new_ticket()

    assert connected("event", "setup", "--dry-run").code == 0

    assert connected("event", "relay", "--once").code == 2


def test_a_missing_exchange_is_reported_with_what_to_do(
    connected: Cli, new_ticket: NewTicketId
) -> None:
    new_ticket()

    shown = connected("event", "relay", "--once", "-o", "json")

    error = json.loads(shown.err.splitlines()[-1])["error"]
    assert (shown.code, shown.out) == (2, "")
    assert "no exchange sav_exchange" in error["message"]
    assert error["hint"] == "Run 'savctl event setup'."


def test_the_relay_makes_the_exchange_where_the_settings_say_so(
    connected: Cli, monkeypatch: pytest.MonkeyPatch, new_ticket: NewTicketId
) -> None:
    monkeypatch.setenv("SAVCTL_BROKER_TOPOLOGY", "declare")
    new_ticket()

    assert connected("event", "relay", "--once").code == 0


def test_relay_once_sends_what_waits_and_reports_it(
    database: Database, connected: Cli, listener: Consumer, new_ticket: NewTicketId
) -> None:
    tickets = [new_ticket(), new_ticket()]

    report = answer(connected, "event", "relay", "--once")
    again = answer(connected, "event", "relay", "--once")

    assert (report["job"], report["seen"], report["changed"]) == ("event-relay", 2, 2)
    assert again["changed"] == 0
    assert [reported(message) for message in listener.drain(2)] == tickets
    stored = rows(database, "SELECT published_at FROM savctl_outbox")
    assert all(row["published_at"] is not None for row in stored)


def test_a_dry_run_of_the_relay_sends_nothing(
    connected: Cli, listener: Consumer, new_ticket: NewTicketId
) -> None:
    new_ticket()

    assert connected("event", "relay", "--once", "--dry-run").code == 0

    assert listener.waiting() == 0
    assert answer(connected, "event", "status")["waiting"] == 1


def test_status_counts_what_waits(
    connected: Cli, listener: Consumer, new_ticket: NewTicketId, broker: VirtualHost
) -> None:
    new_ticket()

    before = answer(connected, "event", "status")
    connected("event", "relay", "--once")
    after = answer(connected, "event", "status")

    assert (before["waiting"], before["dead"], after["waiting"]) == (1, 0, 0)
    assert before["oldest_age_seconds"] > 86_400
    assert (after["oldest_age_seconds"], after["oldest_age"]) == (None, None)
    assert before["broker"] == f"{LOOPBACK}:{broker.server.port}"


@pytest.mark.parametrize(("limit", "code"), [("age>5m", 10), ("age > 9000d", 0)])
def test_status_fails_when_the_oldest_event_is_too_old(
    cli: Cli, new_ticket: NewTicketId, limit: str, code: int
) -> None:
    new_ticket()  # in 2025, by the clock of these tests

    shown = cli("event", "status", "--fail-on", limit, "-o", "json")

    assert shown.code == code
    assert json.loads(shown.out)["waiting"] == 1
    assert ("longer than 5 min" in shown.err) is (code == 10)


def test_a_person_reads_the_age_with_its_units(
    database: Database, cli: Cli, new_ticket: NewTicketId
) -> None:
    new_ticket()
    ago = (system_clock() - timedelta(hours=3, minutes=5, seconds=20)).strftime("%F %T")
    write(database, f"UPDATE savctl_outbox SET occurred_at = '{ago}'")

    shown = cli("event", "status")

    assert re.search(r"^oldest_age +3 h 5 min$", shown.out, re.MULTILINE)
    assert re.search(r"^oldest_age_seconds +11[12][0-9]{2}$", shown.out, re.MULTILINE)


@pytest.mark.parametrize(("limit", "code"), [("age>5m", 10), ("age>9000d", 0)])
def test_status_fails_as_well_when_an_event_that_nobody_will_send_is_too_old(
    database: Database, cli: Cli, new_ticket: NewTicketId, limit: str, code: int
) -> None:
    new_ticket()
    write(database, "UPDATE savctl_outbox SET dead_at = '2025-10-03 12:00:00'")

    shown = cli("event", "status", "--fail-on", limit)

    assert shown.code == code
    assert ("is set aside: savctl event list --dead" in shown.err) is (code == 10)


def test_status_does_not_fail_when_nothing_waits(cli: Cli) -> None:
    assert cli("event", "status", "--fail-on", "age>1s").code == 0


@pytest.mark.parametrize("limit", ["5m", "age<5m", "age>soon", "dead>1"])
def test_a_limit_that_is_not_understood_is_refused(cli: Cli, limit: str) -> None:
    assert cli("event", "status", "--fail-on", limit).code == 2


def test_retry_lets_a_dead_event_go_again(
    database: Database, connected: Cli, listener: Consumer, new_ticket: NewTicketId
) -> None:
    event = dead_event(database, connected, listener, new_ticket)

    tried = answer(connected, "event", "retry", event, "--dry-run")
    still_dead = answer(connected, "event", "status")["dead"]
    done = answer(connected, "event", "retry", "--dead")
    connected("event", "relay", "--once")

    assert (tried, still_dead) == ([{"id": event, "retried": True}], 1)
    assert done == [{"id": event, "retried": True}]
    assert len(listener.drain(1)) == 1
    assert [row["action"] for row in rows(database, "SELECT action FROM savctl_audit")][-1:] == [
        "event_retry"
    ]


def test_retry_refuses_what_was_published(
    connected: Cli, listener: Consumer, new_ticket: NewTicketId
) -> None:
    new_ticket()
    connected("event", "relay", "--once")

    assert connected("event", "retry", 1).code == 5
    assert connected("event", "retry", 99).code == 4
    assert connected("event", "retry").code == 2
    assert connected("event", "retry", 1, "--dead").code == 2


def test_skip_gives_an_event_up_and_lets_the_later_ones_go(
    database: Database, connected: Cli, listener: Consumer, new_ticket: NewTicketId
) -> None:
    event = dead_event(database, connected, listener, new_ticket)
    [ticket] = rows(database, "SELECT ticket_number FROM support_tickets")
    assert connected("ticket", "assign", ticket["ticket_number"], "--to", 10, "--as", 5).code == 0
    assert answer(connected, "event", "relay", "--once")["changed"] == 0

    unasked = connected("event", "skip", event)
    done = answer(connected, "event", "skip", event, "--yes")
    connected("event", "relay", "--once")

    assert unasked.code == 6
    assert done == {"id": event, "skipped": True}
    assert [message.properties.type for message in listener.drain(2)] == [
        "TicketAssigned",
        "TicketStatusChanged",
    ]
    assert answer(connected, "event", "status")["skipped"] == 1
    assert connected("event", "skip", event, "--yes").code == 5


def test_replay_sends_a_ticket_again_under_the_same_ids_and_says_so(
    database: Database, connected: Cli, listener: Consumer, new_ticket: NewTicketId
) -> None:
    new_ticket()
    new_ticket()
    connected("event", "relay", "--once")
    first, _ = listener.drain(2)
    number = rows(database, "SELECT ticket_number FROM support_tickets ORDER BY id")[0]
    words = ("event", "replay", "--ticket", number["ticket_number"])

    planned = answer(connected, *words, "--dry-run")
    unasked = connected(*words)
    done = answer(connected, *words, "--yes")

    assert planned == {"sent": 0, "would_send": 1}
    assert unasked.code == 6
    assert done == {"sent": 1, "refused": 0}
    [again] = listener.drain(1)
    assert again.properties.message_id == first.properties.message_id
    assert again.body == first.body
    assert again.properties.headers["x-replay"] is True
    assert "x-replay" not in first.properties.headers


def test_replay_takes_a_time_range_without_its_end(
    connected: Cli, listener: Consumer, new_ticket: NewTicketId
) -> None:
    new_ticket()
    connected("event", "relay", "--once")
    at = "2025-10-03T10:30:00Z"

    inside = answer(connected, "event", "replay", "--since", at, "--dry-run")
    outside = answer(
        connected, "event", "replay", "--since", "2025-10-02", "--until", at, "--dry-run"
    )

    assert (inside["would_send"], outside["would_send"]) == (1, 0)
    assert connected("event", "replay").code == 2


def test_replay_tells_of_messages_that_nobody_got(
    connected: Cli, listener: Consumer, new_ticket: NewTicketId
) -> None:
    new_ticket()
    connected("event", "relay", "--once")
    listener.unbind()

    shown = connected("event", "replay", "--since", "2025-10-01", "--yes", "-o", "json")

    assert json.loads(shown.out) == {"sent": 0, "refused": 1}
    assert shown.code == 3


@pytest.mark.parametrize(
    "words",
    [
        ("event", "relay", "--once"),
        ("event", "relay"),
        ("event", "setup"),
        ("event", "replay", "--since", "2025-01-01", "--yes"),
    ],
    ids=" ".join,
)
def test_without_a_broker_it_is_named_what_to_set(cli: Cli, words: tuple[str, ...]) -> None:
    shown = cli(*words)

    assert (shown.code, shown.out) == (2, "")
    assert "no broker is configured" in shown.err
    assert "SAVCTL_BROKER_URL" in shown.err


@pytest.mark.parametrize("words", [("event", "relay", "--once"), ("event", "setup")], ids=" ".join)
def test_a_broker_that_is_down_is_a_dependency_that_is_unavailable(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, new_ticket: NewTicketId, words: tuple[str, ...]
) -> None:
    new_ticket()
    port = free_port()
    monkeypatch.setenv("SAVCTL_BROKER_URL", f"amqp://sav:geheim@{LOOPBACK}:{port}/")

    shown = cli(*words)

    assert (shown.code, shown.out) == (8, "")
    assert f"{LOOPBACK}:{port}" in shown.err
    assert "geheim" not in shown.err
    assert answer(cli, "event", "status")["waiting"] == 1


@pytest.mark.parametrize("how", [(), ("-v",), ("-o", "json")], ids=str)
def test_a_wrong_password_is_not_permitted_and_never_shown(
    cli: Cli,
    broker: VirtualHost,
    monkeypatch: pytest.MonkeyPatch,
    new_ticket: NewTicketId,
    how: tuple[str, ...],
) -> None:
    new_ticket()
    right = urlsplit(broker.url)
    monkeypatch.setenv(
        "SAVCTL_BROKER_URL", broker.url.replace(str(right.password), "geheim-und-falsch")
    )

    shown = cli("event", "relay", "--once", *how)
    setup = cli("event", "setup", *how)

    assert (shown.code, setup.code) == (7, 7)
    assert "refuses the login" in shown.err
    assert "geheim" not in shown.out + shown.err + setup.out + setup.err
    runs = cli("job", "history", "event-relay", "-o", "json")
    assert "refuses the login" in runs.out
    assert "geheim" not in runs.out


def test_list_and_show_tell_the_same_event(cli: Cli, new_ticket: NewTicketId) -> None:
    new_ticket()
    new_ticket()

    listed = answer(cli, "event", "list", "--limit", 1)
    by_number = answer(cli, "event", "show", 1)
    by_uuid = answer(cli, "event", "show", listed[0]["event_id"])

    assert listed == [by_number] == [by_uuid]
    assert by_number["envelope"]["event"] == "TicketCreated"
    assert cli("event", "show", 99).code == 4


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_list_comes_page_by_page_and_says_where_it_goes_on(
    cli: Cli, new_ticket: NewTicketId, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    for _ in range(5):
        new_ticket()
    monkeypatch.setattr("savctl.persistence.events.event_reads._PAGE", size)

    def listed(*words: object) -> tuple[list[int], bool]:
        outcome = cli("event", "list", "-o", "json", *words)
        return [row["id"] for row in json.loads(outcome.out)], "there are more" in outcome.err

    assert listed("--limit", 0) == ([1, 2, 3, 4, 5], False)
    assert listed("--limit", 5) == ([1, 2, 3, 4, 5], False)
    assert listed("--limit", 3) == ([1, 2, 3], True)
    assert listed("--limit", 3, "--after", 3) == ([4, 5], False)


def test_tail_shows_so_many_and_ends(cli: Cli, new_ticket: NewTicketId) -> None:
    for _ in range(3):
        new_ticket()

    shown = cli("event", "tail", "--after", 0, "--limit", 2)

    lines = [json.loads(line) for line in shown.out.splitlines()]
    assert [line["id"] for line in lines] == [1, 2]
    assert [line["envelope"]["event"] for line in lines] == ["TicketCreated"] * 2


def test_a_run_that_sets_an_event_aside_ends_with_3_and_says_how_many(
    database: Database, connected: Cli, listener: Consumer, new_ticket: NewTicketId
) -> None:
    listener.unbind()
    new_ticket()
    write(database, "UPDATE savctl_outbox SET attempts = 99")

    shown = connected("event", "relay", "--once", "-o", "json")

    report = json.loads(shown.out)
    assert (shown.code, report["failed"]) == (3, 1)
    assert report["items"][0]["reason"].startswith("1 set aside as dead: no queue is bound")
    assert "savctl event list --dead" in shown.err


def test_tail_shows_numbers_alone_and_no_csv(cli: Cli, new_ticket: NewTicketId) -> None:
    new_ticket()

    assert cli("event", "tail", "--after", 0, "--limit", 1, "-o", "ids").out == "1\n"
    assert cli("event", "tail", "--after", 0, "--limit", 1, "-o", "csv").code == 2


def test_an_event_that_is_committed_late_is_still_shown(database: Database) -> None:
    put(database, [7], first=1)
    follower = OutboxTail(database, after_id=0)
    put(database, [7, 8], first=4)

    at_once = [row["id"] for row in follower.more()]
    put(database, [9], first=2)
    late = [row["id"] for row in follower.more()]
    put(database, [9], first=6)
    new = [row["id"] for row in follower.more()]

    assert (at_once, late, new, follower.more()) == ([1, 4, 5], [2], [6], [])


def test_a_misspelt_event_is_guessed(cli: Cli) -> None:
    shown = cli("event", "schema", "TicketCreatd")

    assert shown.code == 2
    assert "Did you mean TicketCreated?" in shown.err


def test_a_replay_of_nothing_asks_nobody_and_a_backward_range_is_refused(
    connected: Cli, new_ticket: NewTicketId
) -> None:
    new_ticket()  # it waits: nothing was sent before

    nothing = connected("event", "replay", "--since", "2025-10-01")
    backward = connected("event", "replay", "--since", "2025-10-02", "--until", "2025-10-01")

    assert (nothing.code, backward.code) == (0, 2)
    assert "nothing to do" in nothing.err


def dead_event(database: Database, cli: Cli, listener: Consumer, new_ticket: NewTicketId) -> int:
    """An event that was set aside, while its queue is bound again."""
    listener.unbind()
    new_ticket()
    write(database, "UPDATE savctl_outbox SET attempts = 99")
    cli("event", "relay", "--once")
    listener.bind()
    [row] = rows(database, "SELECT id, dead_at FROM savctl_outbox")
    assert row["dead_at"] is not None
    return int(row["id"])
