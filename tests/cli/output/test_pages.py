"""One thing is a page that a person reads: `ticket show`, `message list`, `ticket history`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from savctl.cli.framework.terminal import cells
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.persistence.engine import Database
from savctl.persistence.people.users import Users
from savctl.ports import SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.assignment import assign_ticket
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.transitions import move_ticket
from tests.cli.naughty import steering
from tests.cli.terminals import Terminal
from tests.conftest import Cli
from tests.files.making import JPEG
from tests.given import AGENT, BOSS, CUSTOMER, NOW, created

LONG = "La batterie chauffe et le colis n'est jamais arrivé. " * 9
HOUR = timedelta(hours=1)
WIDE = (
    "注文した商品がまだ届いていません、👩‍👩‍👧‍👦 確認をお願いいたします。" * 6 + "أين طلبي؟ " * 12
)


@pytest.fixture
def ticket(database: Database, clock: SetClock) -> Ticket:
    """A ticket with a conversation, a file and a history, three hours old."""
    people = [
        (CUSTOMER, "ada@example.org", "Ada", "Lovelace"),
        (AGENT, "bob@example.org", "Bob", "Smith"),
    ]
    database.transaction(lambda c: Users(c).add(people))
    found = created(
        database,
        clock,
        subject="Où est mon colis ?",
        description=f"Bonjour,\n\n{LONG}\nAda",
        meta={"shop": {"name": "Onde", "tags": ["a", "b"]}},
    )
    clock.advance(HOUR)
    assign_ticket(Operation(database, clock, actor=BOSS), found.id, to=AGENT)
    operation = Operation(database, clock)
    add_message(operation, found.id, sender=("customer", CUSTOMER), body=f"First\n\n{LONG}end")
    add_message(operation, found.id, sender=("agent", AGENT), body="Only for us", internal=True)
    move_ticket(
        Operation(database, clock, actor=AGENT),
        found.id,
        Status.WAITING_CUSTOMER,
        reason="a photo, please",
    )
    clock.advance(2 * HOUR)
    return found


def the_page(cli: Cli, *words: str | int) -> str:
    """What a command shows three hours after the ticket was made."""
    outcome = cli(*words, "--at", (NOW + 3 * HOUR).isoformat())
    assert (outcome.code, outcome.err) == (0, "")
    return outcome.out


def test_a_ticket_is_a_page_with_names_ages_and_sla(cli: Cli, ticket: Ticket) -> None:
    page = the_page(cli, "ticket", "show", ticket.ticket_number)

    lines = page.splitlines()
    assert lines[0] == f"{ticket.ticket_number}  Où est mon colis ?"
    values = {
        line.split("  ")[0]: line.split("  ", 1)[1].strip() for line in lines if "  " in line
    }
    assert values["status"] == "waiting_customer since 2025-10-03T11:30:00Z (2 h ago)"
    assert values["customer"] == f"Ada Lovelace <ada@example.org> (user {CUSTOMER})"
    assert values["agent"] == f"Bob Smith (agent {AGENT})"
    assert values["created"] == "2025-10-03T10:30:00Z (3 h ago)"
    assert values["response"] == "1 h of 1 day, kept"
    assert values["resolution"] == "1 h of 3 days, paused"
    assert "  name  Onde" in lines
    assert f"  {LONG}".rstrip() in lines
    assert "{" not in page
    assert "History" not in lines


def test_the_parts_of_a_ticket_are_sections_each_once(cli: Cli, ticket: Ticket) -> None:
    page = the_page(
        cli,
        *("ticket", "show", ticket.ticket_number),
        *("--with", "messages,attachments", "--with", "history,sla,history"),
    )

    heads = [line for line in page.splitlines() if line and not line.startswith(" ")]
    assert heads[-4:] == ["Description", "Conversation (2)", "History", "SLA"]
    assert page.count("waiting_customer, by Bob Smith") == 1
    assert "{" not in page


def test_a_conversation_holds_every_message_whole(cli: Cli, ticket: Ticket) -> None:
    page = the_page(cli, "message", "list", ticket.ticket_number)

    first, second = page.split("\n\n", 1)[1].split("\n\nBob")
    at = "2025-10-03T11:30:00Z (2 h ago)"
    assert first == (
        f"Ada Lovelace (customer {CUSTOMER}), {at}, unread, message 1\n  First\n\n  {LONG}end"
    )
    assert second == f" Smith (agent {AGENT}), {at}, INTERNAL NOTE, message 2\n  Only for us\n"


def test_a_file_is_named_below_its_message(
    cli: Cli, database: Database, clock: SetClock, ticket: Ticket, tmp_path: Path
) -> None:
    photo = tmp_path / "étiquette.jpg"
    photo.write_bytes(JPEG)
    cli("attachment", "add", ticket.ticket_number, photo, "--as", AGENT)
    database.transaction(
        lambda c: c.exec_driver_sql("UPDATE ticket_attachments SET message_id = 2")
    )

    page = the_page(cli, "message", "list", ticket.ticket_number)

    file = f"File: étiquette.jpg, image/jpeg, {len(JPEG)} B (attachment 1)"
    assert page.endswith(f"  Only for us\n  {file}\n")


def test_the_history_names_people_and_has_no_microseconds(cli: Cli, ticket: Ticket) -> None:
    page = the_page(cli, "ticket", "history", ticket.ticket_number)

    change = "status: in_progress → waiting_customer"
    assert page.splitlines()[2:] == [
        "2025-10-03T10:30:00Z  created: open, by the system",
        f"2025-10-03T11:30:00Z  assigned: nobody → Bob Smith (agent {AGENT}), by user {BOSS}",
        f"2025-10-03T11:30:00Z  status: open → in_progress, by user {BOSS}",
        "                      assigned to an agent",
        f"2025-10-03T11:30:00Z  {change}, by Bob Smith (user {AGENT})",
        "                      a photo, please",
    ]


@pytest.mark.slow("starts a process on a terminal")
@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize(
    "words",
    [
        ("ticket", "show", "1", "--with", "messages,attachments,history,sla"),
        ("message", "list", "1"),
        ("ticket", "history", "1"),
    ],
    ids=" ".join,
)
def test_a_page_fits_the_terminal_and_nothing_of_it_is_cut(
    database: Database,
    clock: SetClock,
    ticket: Ticket,
    terminal: Terminal,
    width: int,
    words: tuple[str, ...],
) -> None:
    add_message(Operation(database, clock), ticket.id, sender=("customer", CUSTOMER), body=WIDE)

    shown = terminal(*words, width=width, NO_COLOR="1")

    assert [line for line in shown.splitlines() if cells(line) > width] == []
    assert "…" not in shown
    assert steering(shown) == set()
    if words[0] == "message":
        assert "".join(WIDE.split()) in "".join(shown.split())
