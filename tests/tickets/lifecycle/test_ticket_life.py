"""A ticket's life on the command line."""

from __future__ import annotations

import json

import pytest

from tests.conftest import Cli

pytestmark = pytest.mark.each_database("one whole life, on each")


def create(cli: Cli, *more: object) -> str:
    shown = cli(
        *("ticket", "create", "--user", 456, "--subject", "Order not received"),
        *("--description", "Where is it?", "-o", "json", *more),
    )
    assert shown.code == 0, shown.err
    return str(json.loads(shown.out)["ticket_number"])


def test_a_ticket_goes_from_creation_to_closing(cli: Cli) -> None:
    number = create(cli)

    codes = [
        cli("ticket", "assign", number, "--to", 10, "--as", 5).code,
        cli("ticket", "wait", number, "--message", "Photo, please", "--as", 10).code,
        cli("message", "add", number, "--from", "customer:456", "--body", "Here").code,
        cli("ticket", "resolve", number, "--as", 10).code,
        cli("ticket", "close", number, "--reason", "confirmed", "--as", 456).code,
    ]

    assert codes == [0] * 5
    shown = json.loads(cli("ticket", "show", number, "-o", "json").out)
    assert (shown["status"], shown["assigned_to"]) == ("closed", 10)
    assert shown["resolved_at"] is not None
    assert shown["closed_at"] is not None
    events = json.loads(cli("event", "list", "-o", "json").out)
    assert [event["event"] for event in events] == [
        "TicketCreated",
        "TicketAssigned",
        "TicketStatusChanged",
        "MessageAdded",
        "TicketStatusChanged",
        "MessageAdded",
        "TicketStatusChanged",
        "TicketStatusChanged",
        "TicketResolved",
        "TicketStatusChanged",
    ]
