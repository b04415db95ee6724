"""Tickets as another program finds them in the tables, and what must always hold for them."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from savctl.persistence.engine import Database
from tests.property.model import ARROWS, Model

Rows = dict[str, list[tuple[Any, ...]]]
_TABLES = {
    "support_tickets": "id",
    "ticket_messages": "ticket_id",
    "savctl_audit": "ticket_id",
    "savctl_outbox": "ticket_id",
    "savctl_idempotency": "1",
}
_TICKET = "id, status, assigned_to, priority, subject, resolved_at, closed_at, metadata"


def everything(database: Database, *, behind: int) -> Rows:
    """Every byte of the tickets behind an id and of what hangs on them."""
    with database.reading() as connection:
        return {
            table: [
                tuple(row)
                for row in connection.exec_driver_sql(
                    f"SELECT * FROM {table} WHERE {key} > {behind} OR {key} = 1 ORDER BY 1"
                )
            ]
            for table, key in _TABLES.items()
        }


def seen(database: Database, *, behind: int) -> dict[int, Model]:
    """The tickets in the model's words, from their rows alone."""
    found: dict[int, Model] = {}
    with database.reading() as connection:
        query = f"SELECT {_TICKET} FROM support_tickets WHERE id > {behind}"
        for row in connection.exec_driver_sql(query):
            found[row.id] = {
                "status": row.status,
                "agent": row.assigned_to,
                "priority": row.priority,
                "subject": row.subject,
                "resolved_at": _text(row.resolved_at),
                "closed_at": _text(row.closed_at),
                "history": json.loads(row.metadata)["history"],
                "audit": [],
                "events": [],
                "messages": [],
            }
        query = "SELECT ticket_id, entry FROM savctl_audit"
        for row in connection.exec_driver_sql(f"{query} WHERE ticket_id > {behind} ORDER BY id"):
            found[row.ticket_id]["audit"].append(json.loads(row.entry))
        query = "SELECT ticket_id, envelope FROM savctl_outbox"
        for row in connection.exec_driver_sql(f"{query} WHERE ticket_id > {behind} ORDER BY id"):
            found[row.ticket_id]["events"].append(json.loads(row.envelope))
        query = "SELECT ticket_id, sender_type, is_internal, created_at FROM ticket_messages"
        for row in connection.exec_driver_sql(f"{query} WHERE ticket_id > {behind} ORDER BY id"):
            values = (row.sender_type, bool(row.is_internal), _text(row.created_at))
            found[row.ticket_id]["messages"].append(values)
    return found


def must_hold(ticket: Model) -> None:
    """The invariants, from the rows alone."""
    chain = [e for e in ticket["history"] if e["action"] in {"created", "status"}]
    times = [entry["at"] for entry in ticket["history"]]
    names = [event["event"] for event in ticket["events"]]
    assert chain[0]["action"] == "created", "history begins with the creation"
    assert all(before["to"] == after["from"] for before, after in pairwise(chain)), "unbroken"
    assert all(e["to"] in ARROWS[e["from"]] for e in chain[1:]), "only arrows of the diagram"
    assert chain[-1]["to"] == ticket["status"], "history ends in the status"
    assert times == sorted(times), "history never runs back"
    assert ticket["audit"] == ticket["history"], "audit and metadata agree"
    if ticket["status"] == "in_progress":
        assert ticket["agent"] is not None, "work has an agent"
    assert (ticket["closed_at"] is not None) == (ticket["status"] == "closed")
    if ticket["status"] in {"open", "in_progress", "waiting_customer"}:
        assert ticket["resolved_at"] is None, "a stamp of a resolution that was taken back"
    if ticket["status"] == "resolved":
        assert ticket["resolved_at"] is not None
    _traces_agree(ticket, names)


def _traces_agree(ticket: Model, names: list[str]) -> None:
    moves = [(e["from"], e["to"]) for e in ticket["history"] if e["action"] == "status"]
    values = [
        (event["data"]["previous_status"], event["data"]["new_status"])
        for event in ticket["events"]
        if event["event"] == "TicketStatusChanged"
    ]
    assert values == moves, "one TicketStatusChanged for each status entry, in order"
    given = [e["to"] for e in ticket["history"] if e["action"] == "assigned"]
    assert [
        e["data"]["assigned_to"] for e in ticket["events"] if e["event"] == "TicketAssigned"
    ] == given
    assert names.count("TicketCreated") == 1
    assert names[0] == "TicketCreated"
    assert names.count("TicketResolved") == [to for _, to in moves].count("resolved")
    assert names.count("MessageAdded") == len(ticket["messages"])


def _text(stamp: Any) -> str | None:
    return None if stamp is None else str(stamp)[:19]
