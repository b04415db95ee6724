"""The two tickets that the examples of commands name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.conversation import add_message
from tests.given import CUSTOMER, brought_to, created, write

# The status from which the example's ticket is taken; `open` for all others.
_FROM = {
    "unassign": Status.IN_PROGRESS,
    "wait": Status.IN_PROGRESS,
    "resume": Status.WAITING_CUSTOMER,
    "resolve": Status.IN_PROGRESS,
    "reopen": Status.RESOLVED,
}


def a_moment_ago() -> datetime:
    """What came in this very second is in no report up to now, and in the one after it."""
    return system_clock() - timedelta(seconds=5)


def wanted(words: Sequence[str]) -> tuple[Status, bool]:
    """The status from which the example's ticket is taken, and whether it has a conversation."""
    verb = words[1] if len(words) > 1 else ""
    return _FROM.get(verb, Status.OPEN), verb == "split"


def add_tickets(database: Database, status: Status, is_long: bool) -> None:
    """Bring both in: the first in this status, and with three messages where it is long."""
    first = brought_to(database, a_moment_ago, status).id
    second = created(database, a_moment_ago).id
    for texts in ("One.", "Two.", "Three.") if is_long else ():
        add_message(
            Operation(database, a_moment_ago), first, sender=("customer", CUSTOMER), body=texts
        )
    for ticket_id, number in ((first, "TKT-7K2M9QXA"), (second, "TKT-4FJ8N2WB")):
        write(
            database,
            f"UPDATE support_tickets SET ticket_number = '{number}' WHERE id = {ticket_id}",
        )
