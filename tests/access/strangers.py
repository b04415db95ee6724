"""Somebody with a token, one ticket that they see, and all that they do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.creation import NewTicket, create_ticket
from savctl.usecases.tickets.merging import merge_tickets
from tests.cli.shop import home_store
from tests.conftest import Cli
from tests.files.making import JPEG
from tests.given import AGENT, CUSTOMER, DAY, NOW, attached, brought_to, created, write

OTHER = 9


@dataclass(frozen=True)
class Asker:
    """Who asks, with the ticket that they see and those that they do not."""

    role: str
    seen: Ticket
    hidden: Mapping[str, Ticket]

    @property
    def me(self) -> int:
        return CUSTOMER if self.role == "customer" else AGENT


def archived(database: Database, user_id: int, agent: int | None, number: str) -> Ticket:
    """A ticket that the next run of the archive takes."""
    ticket = brought_to(
        database, SetClock(NOW - 400 * DAY), Status.CLOSED, user_id=user_id
    ).changed(ticket_number=number)
    write(
        database,
        f"UPDATE support_tickets SET ticket_number = '{number}', "
        f"assigned_to = {agent or 'NULL'} WHERE id = {ticket.id}",
    )
    return ticket


def begin_at(database: Database, clock: SetClock, ticket_id: int) -> None:
    """Let tickets have ids that stand for nothing else in an answer."""
    wanted = NewTicket(user_id=CUSTOMER, subject="s", description="d")
    create_ticket(Operation(database, clock, actor=None), wanted, reserved_id=ticket_id)


def asker(cli: Cli, database: Database, clock: SetClock, role: str) -> Asker:
    """A ticket for each relation in which the role does not see it."""
    begin_at(database, clock, 7_000)
    cold = {
        "archived, once mine": archived(database, CUSTOMER, AGENT, "TKT-9XQ4C7PA"),
        "archived, other's": archived(database, OTHER, OTHER, "TKT-9XQ4C7PB"),
    }
    assert cli("archive", "run").code == 0
    op = Operation(database, clock, actor=None)
    seen = brought_to(database, clock, Status.IN_PROGRESS)
    theirs = brought_to(database, clock, Status.IN_PROGRESS, user_id=OTHER)
    resolved = brought_to(database, clock, Status.RESOLVED, user_id=OTHER)
    merged = created(database, clock, user_id=OTHER)
    merge_tickets(op, [merged.id], theirs.id)
    ids = f"({theirs.id}, {resolved.id})"
    write(database, f"UPDATE support_tickets SET assigned_to = {OTHER} WHERE id IN {ids}")
    hidden = {
        "other's": theirs,
        "other's, resolved": resolved,
        "closed": brought_to(database, clock, Status.CLOSED, user_id=OTHER),
        "merged away": merged,
        **cold,
    }
    if role == "customer":
        hidden["queue"] = created(database, clock, user_id=OTHER)
    return Asker(role, seen, hidden)


def hidden_files(cli: Cli, database: Database, folder: Path, who: Asker) -> dict[str, int]:
    """A file for each way of not being seen; of those of a ticket that is seen, a customer's."""
    (folder / "photo.jpg").write_bytes(JPEG)
    store = home_store(folder)
    found = {}
    for number, relation in enumerate(("other's", "other's, resolved")):
        content = JPEG + bytes([number])
        (one,) = attached(database, store, who.hidden[relation].id, ("photo.jpg", content))
        found[relation] = one.id
    write(
        database,
        f"UPDATE ticket_attachments SET ticket_id = {who.hidden['closed'].id} WHERE id = {one.id}",
    )
    if who.role == "customer":
        note = ("message", "add", who.seen.id, "--from", f"agent:{AGENT}", "--internal")
        assert cli(*note, "--body", "x", "--attach", "photo.jpg").code == 0
        (one,) = attached(database, store, who.seen.id, ("photo.jpg", JPEG + b"deleted"))
        assert cli("attachment", "delete", one.id).code == 0
        found |= {"on a note": one.id - 1, "deleted": one.id}
    return found
