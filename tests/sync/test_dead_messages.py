"""`savctl sync dead …` and `sync status`: what could not be used is seen, sent again, given up."""

from __future__ import annotations

import pytest

from savctl.persistence.engine import Database
from savctl.usecases.sync.intake import IntakeOptions
from tests.conftest import Cli
from tests.given import rows
from tests.sync.conftest import Answer, TakeIn
from tests.sync.outside import USERS, Service, came, order, user


def test_a_dead_message_is_listed_once_with_its_reason(database: Database, take: TakeIn) -> None:
    poison = came(b'{"event": "UserCreated", "data": "x"}', message_id="m-1")

    counts = take(poison, user(), came(b"\xff\xfe", message_id=None))
    take(poison)

    assert (counts.dead, counts.applied) == (2, 1)
    found = rows(database, "SELECT * FROM savctl_dead_messages ORDER BY id")
    assert [(row["event"], row["message_id"], row["reason"]) for row in found] == [
        ("UserCreated", "m-1", "no timestamp"),
        (None, None, "not UTF-8"),
    ]
    assert [(row["queue"], row["size"], bytes(row["body"])) for row in found] == [
        (USERS, 37, poison.body),
        (USERS, 2, b"\xff\xfe"),
    ]


def test_of_a_message_that_is_too_large_only_the_beginning_is_kept(
    database: Database, take: TakeIn
) -> None:
    take(b"x" * 5_000, largest=1_024)

    (found,) = rows(database, "SELECT size, body, reason FROM savctl_dead_messages")
    assert (found["size"], len(found["body"])) == (5_000, 1_024)
    assert found["reason"] == "5000 bytes; at most 1024 are read"


@pytest.mark.each_database("what a server repeats of a row is its own")
def test_a_message_that_the_database_refuses_costs_itself_only(
    answered: Answer, service: Service, database: Database
) -> None:
    """A table that another program made may have rules of its own."""
    unique = "CREATE UNIQUE INDEX users_email_unique ON users (email)"
    with database.connection() as connection:
        connection.exec_driver_sql(unique)
        connection.commit()
    try:
        for number in (1, 2, 3):
            service.send(user(number, email="same@example.org" if number < 3 else "c@d.e"))

        counts = answered("sync", "consume", "--once")

        assert (counts["applied"], counts["dead"]) == (2, 1)
        (dead,) = answered("sync", "dead", "list")
        assert dead["reason"].startswith("cannot be stored")
        assert "same@" not in dead["reason"]
        assert [row["id"] for row in rows(database, "SELECT id FROM users ORDER BY id")] == [1, 3]
    finally:
        with database.connection() as connection:
            on = "" if database.is_sqlite else " ON users"
            connection.exec_driver_sql(f"DROP INDEX users_email_unique{on}")
            connection.commit()


@pytest.mark.only_on("sqlite")
def test_requeue_sends_a_message_again_once_what_was_wrong_is_mended(
    answered: Answer, service: Service, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_SYNC_LARGEST", "1024")
    service.send(user(firstname="A" * 200, more="m" * 700), message_id="m-1")
    service.send(b"poison")
    assert answered("sync", "consume", "--once")["dead"] == 2
    (large, _) = answered("sync", "dead", "list")
    shown = answered("sync", "dead", "show", large["id"])
    assert shown["message_id"] == "m-1"
    monkeypatch.setenv("SAVCTL_SYNC_LARGEST", "262144")

    refused = answered("sync", "dead", "requeue", large["id"], code=5)
    assert "only the beginning" in refused["error"]["message"]
    service.send(user(firstname="A" * 200, more="m" * 700))
    other = answered("sync", "dead", "requeue", large["id"] + 1)

    counts = answered("sync", "consume", "--once")
    assert other[0]["message_id"] != "m-1"
    assert (counts["received"], counts["applied"], counts["dead"]) == (2, 1, 1)
    assert [one["id"] for one in answered("sync", "dead", "list")] == [1, 3]


@pytest.mark.only_on("sqlite")
def test_drop_gives_messages_up_and_asks_before(
    answered: Answer, service: Service, cli: Cli, database: Database
) -> None:
    service.send(b"poison")
    service.send(order(total=None))
    answered("sync", "consume", "--once")

    assert cli("sync", "dead", "drop", 1).code == 6
    assert cli("sync", "dead", "drop", 99, "--yes").code == 4
    assert cli("sync", "dead", "drop", "--yes").code == 2
    assert answered("sync", "dead", "drop", "--all", "--dry-run")[1]["id"] == 2
    assert answered("sync", "dead", "drop", 1, "--yes")[0]["dropped"] is True
    assert [one["event"] for one in answered("sync", "dead", "list")] == ["OrderUpdated"]


@pytest.mark.only_on("sqlite")
def test_the_body_of_a_dead_message_is_harmless_on_a_terminal(
    database: Database, take: TakeIn, cli: Cli, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVCTL_DATABASE_URL", database_url)
    take(b"\x1b]0;owned\x07{", largest=IntakeOptions().largest)

    shown = cli("sync", "dead", "show", 1).out

    assert "owned" in shown
    assert "\x1b" not in shown


@pytest.mark.only_on("sqlite")
def test_status_has_depth_age_and_dead_messages(answered: Answer, service: Service) -> None:
    service.send(b"poison")
    answered("sync", "consume", "--once")
    service.send(user(at="2025-10-03T10:00:00Z"))

    users, orders = answered("sync", "status")

    assert (users["messages"], users["consumers"], users["dead"]) == (1, 0, 1)
    assert users["oldest_at"] == "2025-10-03T10:00:00Z"
    assert users["oldest_age_seconds"] > 0
    assert users["last_received_at"] is not None
    assert (orders["messages"], orders["oldest_at"], orders["exists"]) == (0, None, True)
