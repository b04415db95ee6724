"""Files as answers, and mail that comes late: both keep a ticket open (rules 20.5, 20.6)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.domain.model.states import Status
from savctl.domain.tickets.closing import ClosingLimits
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.files.attaching import delete_attachment
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.closing import close_resolved, close_silent
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.merging import merge_tickets
from savctl.usecases.tickets.transitions import move_ticket
from tests.conftest import Cli
from tests.given import AGENT, CUSTOMER, DAY, NOW, SECOND, attached, brought_to, rows, write

LATE = SetClock(NOW + 30 * DAY)


@pytest.fixture
def folder(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "files")


def asked(database: Database, status: Status = Status.WAITING_CUSTOMER, **options: str) -> int:
    """A ticket that went to a status at NOW, with the agent's question if one is given."""
    ticket = brought_to(database, SetClock(NOW - DAY), Status.IN_PROGRESS).id
    move_ticket(Operation(database, SetClock(NOW), actor=AGENT), ticket, status, **options)  # type: ignore[arg-type]
    return ticket


def stored(database: Database, table: str, **values: object) -> None:
    """A row that another program stores."""
    columns = {**values, "created_at": _text(values["created_at"])}
    columns["updated_at"] = columns["created_at"]
    texts = [str(v) if isinstance(v, int) else f"'{v}'" for v in columns.values()]
    write(database, f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(texts)})")


def _text(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def file_of_the_service(database: Database, ticket: int, **values: object) -> None:
    known = {"original_name": "p.jpg", "filename": "p.jpg", "file_path": f"tickets/{ticket}/p.jpg"}
    stored(
        database,
        "ticket_attachments",
        ticket_id=ticket,
        mime_type="image/jpeg",
        file_size=1,
        **{"created_at": NOW + DAY, **known, **values},
    )


def mail(
    database: Database, ticket: int, side: str, *, after: timedelta, internal: int = 0
) -> None:
    stored(
        database,
        "ticket_messages",
        ticket_id=ticket,
        sender_id=CUSTOMER if side == "customer" else AGENT,
        sender_type=side,
        message="Hello",
        is_internal=internal,
        created_at=NOW + after,
    )


def swept(
    database: Database, job: Callable[..., None] = close_silent, **options: object
) -> list[str]:
    """What a run long afterwards answers about its tickets."""
    report = BatchReport(lists_changes=True)
    job(database, LATE, limits=ClosingLimits(), terms=BatchContext(report=report), **options)
    return [f"{item.outcome}: {item.reason}" for item in report.items]


CLOSED = ["changed: no response for 7 days"]


def test_a_file_of_unknown_maker_holds_the_closing_and_is_reported(database: Database) -> None:
    file_of_the_service(database, asked(database))

    assert swept(database) == ["skipped: held: a file came"]
    assert swept(database, heal=True) == ["skipped: held: a file came"]


def test_it_is_reported_before_the_silence_is_over(database: Database) -> None:
    file_of_the_service(database, asked(database), created_at=NOW + 2 * SECOND)
    report = BatchReport()

    terms = BatchContext(report=report)
    close_silent(database, SetClock(NOW + DAY), limits=ClosingLimits(), terms=terms)

    assert [item.reason for item in report.items] == ["held: a file came"]


@pytest.mark.parametrize("at", [NOW - DAY, NOW], ids=["before", "with the question"])
def test_a_file_that_was_there_when_the_waiting_began_is_no_answer(
    database: Database, at: object
) -> None:
    file_of_the_service(database, asked(database), created_at=at)

    assert swept(database) == CLOSED


def test_a_file_that_an_agent_is_known_to_have_attached_is_no_answer(
    database: Database, folder: DirectoryStore
) -> None:
    ticket = asked(database)
    attached(database, folder, ticket, ("a.txt", b"label\n"), clock=SetClock(NOW + DAY))

    assert swept(database) == CLOSED


@pytest.mark.parametrize(("side", "answer"), [("agent", CLOSED), ("customer", None)])
def test_a_file_on_a_message_is_of_its_writer(
    database: Database, side: str, answer: list[str] | None
) -> None:
    ticket = asked(database)
    mail(database, ticket, side, after=2 * DAY)
    file_of_the_service(database, ticket, message_id=1, created_at=NOW + 2 * DAY)

    held = ["skipped: the customer answered, but the ticket still waits; --heal moves it"]
    assert swept(database) == (answer or held)


def test_a_file_on_a_note_is_an_agents(database: Database) -> None:
    ticket = asked(database)
    mail(database, ticket, "agent", after=DAY, internal=1)
    file_of_the_service(database, ticket, message_id=1)

    assert swept(database) == CLOSED


def test_a_file_that_was_deleted_again_holds_nothing(database: Database) -> None:
    file_of_the_service(database, asked(database))
    delete_attachment(Operation(database, SetClock(NOW + 2 * DAY), actor=AGENT), 1)

    assert swept(database) == CLOSED


def test_who_attached_is_known_after_a_merge_as_well(
    database: Database, folder: DirectoryStore
) -> None:
    source = brought_to(database, SetClock(NOW - DAY), Status.IN_PROGRESS).id
    target = asked(database, message="Which size?")
    attached(database, folder, source, ("a.txt", b"label\n"), clock=SetClock(NOW + DAY))
    merge_tickets(Operation(database, SetClock(NOW + DAY), actor=AGENT), [source], target)

    assert swept(database) == CLOSED


def test_a_customers_file_holds_a_resolved_ticket(database: Database, cli: Cli) -> None:
    ticket = asked(database, Status.RESOLVED)
    Path("p.txt").write_text("photo\n", encoding="utf-8")
    assert cli("attachment", "add", ticket, "p.txt", "--as", CUSTOMER).code == 0

    assert swept(database, close_resolved) == ["skipped: held: customer sent a file"]


def test_a_file_of_unknown_maker_does_not_hold_a_resolved_ticket(database: Database) -> None:
    file_of_the_service(database, asked(database, Status.RESOLVED))

    assert swept(database, close_resolved) == ["changed: resolved, not contested for 24 h"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("attachment add {} p.txt --as 456", "customer sent a file"),
        ("message add {} --from customer:456 --attach p.txt --body=", "customer replied"),
    ],
    ids=["attachment", "message"],
)
def test_a_customers_file_ends_the_waiting(
    database: Database, cli: Cli, words: str, reason: str
) -> None:
    ticket = asked(database)
    Path("p.txt").write_text("photo\n", encoding="utf-8")
    given = words.format(ticket).split()

    tried = cli(*given, "--dry-run")
    before = rows(database, "SELECT status FROM support_tickets")
    outcome = cli(*given)

    assert (tried.code, outcome.code) == (0, 0), outcome.err
    assert before == [{"status": "waiting_customer"}]
    assert rows(database, "SELECT status FROM support_tickets") == [{"status": "in_progress"}]
    history = json.loads(cli("ticket", "history", ticket, "-o", "json").out)
    assert (history[-1]["to"], history[-1]["reason"]) == ("in_progress", reason)
    sent = rows(database, "SELECT event FROM savctl_outbox ORDER BY id DESC")
    assert sent[0]["event"] in {"TicketStatusChanged", "MessageAdded"}
    assert cli("db", "check").code == 0


def test_an_agents_file_leaves_the_ticket_waiting(database: Database, cli: Cli) -> None:
    ticket = asked(database)
    Path("p.txt").write_text("label\n", encoding="utf-8")

    assert cli("attachment", "add", ticket, "p.txt", "--as", AGENT).code == 0

    assert rows(database, "SELECT status FROM support_tickets") == [{"status": "waiting_customer"}]


def test_a_message_is_empty_beside_a_file_only(database: Database, cli: Cli) -> None:
    ticket = asked(database)
    Path("p.txt").write_text("photo\n", encoding="utf-8")
    words = ("message", "add", ticket, "--from", f"customer:{CUSTOMER}", "--body", "")

    assert cli(*words).code == 2
    assert cli(*words, "--attach", "p.txt").code == 0
    assert rows(database, "SELECT message FROM ticket_messages") == [{"message": ""}]


def test_mail_dated_before_the_question_that_came_after_it_is_reported(
    database: Database,
) -> None:
    ticket = asked(database, message="Which size?")
    mail(database, ticket, "customer", after=-DAY / 2)

    found = swept(database)

    assert len(found) == 1
    assert found[0].startswith("skipped: a customer's message with an earlier time arrived after")
    assert swept(database, heal=True) == ["changed: customer answered: moved to in_progress"]


def test_mail_that_came_before_the_question_is_none(database: Database) -> None:
    ticket = brought_to(database, SetClock(NOW - DAY), Status.IN_PROGRESS).id
    mail(database, ticket, "customer", after=-DAY / 2)
    move_ticket(
        Operation(database, SetClock(NOW), actor=AGENT),
        ticket,
        Status.WAITING_CUSTOMER,
        message="Which size?",
    )

    assert swept(database) == CLOSED


def test_late_mail_holds_a_resolved_ticket(database: Database) -> None:
    ticket = asked(database, Status.RESOLVED, message="Solved.")
    mail(database, ticket, "customer", after=-DAY / 2)

    found = swept(database, close_resolved)

    assert found[0].startswith("skipped: held: a customer's message with an earlier time")


def test_what_a_merge_brought_is_no_late_mail(database: Database) -> None:
    source = brought_to(database, SetClock(NOW - DAY), Status.IN_PROGRESS).id
    target = asked(database, message="Which size?")
    merge_tickets(Operation(database, SetClock(NOW + SECOND), actor=AGENT), [source], target)

    assert swept(database) == CLOSED


def test_an_agents_answer_after_late_mail_ends_the_matter(database: Database) -> None:
    ticket = asked(database, message="Which size?")
    mail(database, ticket, "customer", after=-DAY / 2)
    add_message(
        Operation(database, SetClock(NOW + DAY)),
        ticket,
        sender=("agent", AGENT),
        body="Seen. Which size?",
    )

    assert swept(database) == CLOSED
