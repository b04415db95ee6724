"""A customer with a past: tickets, words of others among them, files, and marks to look for."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from sqlalchemy import insert

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import ticket_attachments, ticket_messages, users
from savctl.ports import ObjectStore, SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.privacy.holds import hold_ticket
from tests.given import AGENT, BOSS, CUSTOMER, DAY, NOW, brought_to, created

OTHER = 457
# No export of the customer may hold these, asked for or not.
NEVER = (
    "EVE-MESSAGE-ON-ADAS-TICKET",
    "EVE-TICKET",
    "EVE-FILE",
    "Evelyn",
    "eve@example.org",
    "Robert",
    "bob@example.org",
    "FILE-OF-A-FOREIGN-NOTE",
)
# These only with the notes among agents.
INTERNAL = ("NOTE-AMONG-AGENTS", "HOLD-REASON", "FILE-OF-A-NOTE")
ALWAYS = ("ADAS-QUESTION", "ADAS-ANSWER", "AGENTS-ANSWER", "ADAS-WORDS-ELSEWHERE", "ADAS-FILE")


def people(database: Database) -> None:
    rows = [
        (CUSTOMER, "ada@example.org", "Ada", "Byron"),
        (OTHER, "eve@example.org", "Evelyn", "Other"),
        (AGENT, "bob@example.org", "Robert", "Ross"),
    ]
    named = [dict(zip(("id", "email", "firstname", "lastname"), r, strict=True)) for r in rows]
    database.transaction(lambda c: c.execute(insert(users), named))


def a_past(database: Database, clock: SetClock, store: ObjectStore | None = None) -> list[int]:
    """Four tickets of the customer and one of another; answers the customer's ids."""
    people(database)
    first = brought_to(
        database,
        clock,
        Status.WAITING_CUSTOMER,
        subject="Où est ma commande ?",
        description="ADAS-QUESTION",
        order_id=789,
        category="shipping",
        tags=("lost",),
    )
    clock.advance(DAY)
    second = brought_to(database, clock, Status.CLOSED, description="<b>two</b>")
    third = brought_to(database, clock, Status.RESOLVED)
    foreign = created(database, clock, user_id=OTHER, description="EVE-TICKET")
    fourth = created(database, clock)
    hold_ticket(Operation(database, clock, actor=BOSS), second.id, reason="HOLD-REASON")
    values = [
        message(1, first.id, "AGENTS-ANSWER", sender=("agent", AGENT)),
        message(2, first.id, "NOTE-AMONG-AGENTS", sender=("agent", AGENT), is_internal=True),
        message(3, first.id, "ADAS-ANSWER", created_at=NOW + DAY),
        message(4, first.id, "EVE-MESSAGE-ON-ADAS-TICKET", sender=("customer", OTHER)),
        message(
            *(5, third.id, "EVE-MESSAGE-ON-ADAS-TICKET too"),
            sender=("customer", OTHER),
            is_internal=True,
        ),
        message(6, foreign.id, "ADAS-WORDS-ELSEWHERE", is_internal=True),
        message(7, foreign.id, "EVE-TICKET goes on", sender=("customer", OTHER)),
        message(8, foreign.id, "EVE-TICKET answered", sender=("agent", AGENT)),
    ]
    hung = [
        attachment(1, first.id, 3, "ADAS-FILE photo.png"),
        attachment(2, first.id, None, "ADAS-FILE invoice.pdf", "application/pdf"),
        attachment(3, first.id, 2, "FILE-OF-A-NOTE.png"),
        attachment(4, first.id, 4, "FILE-OF-A-FOREIGN-NOTE.png"),
        attachment(5, foreign.id, 6, "ADAS-FILE elsewhere.txt", "text/plain"),
        attachment(6, foreign.id, None, "EVE-FILE.png"),
    ]
    store_rows(database, values, hung)
    if store is not None:
        put(store, hung)
    return [first.id, second.id, third.id, fourth.id]


def message(
    number: int,
    ticket_id: int,
    text: str,
    *,
    sender: tuple[str, int] = ("customer", CUSTOMER),
    **fields: Any,
) -> dict[str, Any]:
    known = {"sender_type": sender[0], "sender_id": sender[1], "is_internal": False}
    times = {"created_at": NOW, "updated_at": NOW}
    return {"id": number, "ticket_id": ticket_id, "message": text} | known | times | fields


def attachment(
    number: int,
    ticket_id: int,
    message_id: int | None,
    name: str,
    mime_type: str = "image/png",
) -> dict[str, Any]:
    return {
        "id": number,
        "ticket_id": ticket_id,
        "message_id": message_id,
        "original_name": name,
        "filename": f"file-{number}",
        "file_path": f"tickets/{ticket_id}/{number:032x}.png",
        "mime_type": mime_type,
        "file_size": len(content(number)),
        "created_at": NOW,
        "updated_at": NOW,
    }


def content(number: int) -> bytes:
    """What the file of an attachment holds."""
    return f"content of file {number}\n".encode() * (number * 1000)


def store_rows(
    database: Database, messages: list[dict[str, Any]], hung: list[dict[str, Any]]
) -> None:
    def work(connection: Any) -> None:
        if messages:
            connection.execute(insert(ticket_messages), messages)
        if hung:
            connection.execute(insert(ticket_attachments), hung)

    database.transaction(work)


def put(store: ObjectStore, hung: Iterable[dict[str, Any]]) -> None:
    for row in hung:
        data = content(row["id"])
        store.put(
            row["file_path"],
            io.BytesIO(data),
            size_bytes=len(data),
            content_type=row["mime_type"],
        )
