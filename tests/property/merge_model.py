"""Merging and splitting once more, written from rules 6 and not from savctl's code.

A world is plain dicts: tickets, messages (with the ticket they were written on, and whether they
were public there) and files. Everything is as another program reads it from the tables.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from savctl.persistence.engine import Database

World = dict[str, dict[Any, dict[str, Any]]]
TARGETS = {  # minutes: response, resolution (rules 4)
    "low": (2880, 10080),
    "medium": (1440, 4320),
    "high": (240, 1440),
    "urgent": (60, 240),
}


class No(Exception):
    """The request is refused."""


def read(database: Database, *, behind: int, known: World | None = None) -> World:
    """What is in the tables; a message keeps the home that an earlier reading gave it."""
    tickets, messages, files = {}, {}, {}
    with database.reading() as connection:

        def rows(query: str) -> Iterable[dict[str, Any]]:
            return [dict(row) for row in connection.exec_driver_sql(query).mappings()]

        for row in rows(f"SELECT * FROM support_tickets WHERE id > {behind} ORDER BY id"):
            metadata = json.loads(row["metadata"])
            tickets[row["id"]] = {
                "number": row["ticket_number"],
                "user": row["user_id"],
                "status": row["status"],
                "agent": row["assigned_to"],
                "priority": row["priority"],
                "description": row["description"],
                "created": text(row["created_at"]),
                "updated": text(row["updated_at"]),
                "closed": text(row["closed_at"]),
                "history": [tuple(e.values()) for e in map(_ordered, metadata["history"])],
                "into": metadata.get("merged_into", {}).get("ticket_id"),
                "came": [link["ticket_id"] for link in metadata.get("merged_from", [])],
                "events": [],
            }
        for row in rows(f"SELECT * FROM savctl_outbox WHERE ticket_id > {behind} ORDER BY id"):
            data = json.loads(row["envelope"])["data"]
            texts = (data.get("previous_status"), data.get("new_status"), data.get("reason"))
            tickets[row["ticket_id"]]["events"].append((row["event"], *texts))
        for row in rows(f"SELECT * FROM ticket_messages WHERE ticket_id > {behind}"):
            message = {
                "ticket": row["ticket_id"],
                "side": row["sender_type"],
                "sender": row["sender_id"],
                "text": row["message"],
                "internal": bool(row["is_internal"]),
                "created": text(row["created_at"]),
                "updated": text(row["updated_at"]),
                "read": text(row["read_at"]),
            }
            before = (known or {}).get("messages", {}).get(row["id"])
            message["home"] = before["home"] if before else row["ticket_id"]
            message["was_public"] = before["was_public"] if before else not row["is_internal"]
            messages[row["id"]] = message
        for row in rows(f"SELECT * FROM ticket_attachments WHERE ticket_id > {behind}"):
            where = {"ticket": row["ticket_id"], "message": row["message_id"]}
            files[row["id"]] = {**where, "key": row["file_path"]}
    return {"tickets": tickets, "messages": messages, "files": files}


def merge(
    world: World, sources: list[int], target: int, *, at: str, by: int, across: bool
) -> None:
    """Rules 6.1 to 6.4."""
    into = world["tickets"][target]
    for source in sources:
        ticket = world["tickets"][source]
        if source == target or "closed" in {ticket["status"], into["status"]}:
            raise No
        if ticket["user"] != into["user"] and not across:
            raise No
    for source in sources:
        _merge_one(world, source, target, at, by)
    newest = max(
        (m for m in world["messages"].values() if m["ticket"] == target and not m["internal"]),
        key=lambda m: (m["created"], m["side"] == "customer"),
        default={"side": "nobody"},
    )
    if into["status"] == "waiting_customer" and newest["side"] == "customer":
        _move(into, "in_progress", at, by, "customer replied")
        into["updated"] = at[:19].replace("T", " ")


def split(world: World, ticket: int, chosen: list[int], new: int) -> None:
    """Chosen messages go to the new ticket; what was hidden from its customer is shown again."""
    old, born = world["tickets"][ticket], world["tickets"][new]
    for message_id in chosen:
        message = world["messages"][message_id]
        message["ticket"] = new
        message["internal"] = message["internal"] and not message["was_public"]
        for file in world["files"].values():
            if file["message"] == message_id:
                file["ticket"] = new
    at, by = born["history"][-1][:2]
    old["history"].append((at, by, "split", old["number"], born["number"], None))


def with_ids(world: World, found: World) -> None:
    """Give the messages that descriptions became the ids that they have in the tables."""
    ids = {m["text"]: i for i, m in found["messages"].items()}
    named = {i: ids[m["text"]] for i, m in world["messages"].items() if isinstance(i, str)}
    for stored_messages, message_id in named.items():
        world["messages"][message_id] = world["messages"].pop(stored_messages)
    for file in world["files"].values():
        file["message"] = named.get(file["message"], file["message"])


def conversations(world: World) -> dict[int, list[tuple[Any, ...]]]:
    """Of each ticket what was said, by time; the words of a test are all different."""
    found: dict[int, list[tuple[Any, ...]]] = {ticket: [] for ticket in world["tickets"]}
    for m in world["messages"].values():
        texts = (m["created"], m["text"], m["side"], m["sender"], m["internal"], m["read"])
        found[m["ticket"]].append((*texts, m["updated"]))
    return {ticket: sorted(expected) for ticket, expected in found.items()}


def files(world: World) -> dict[int, tuple[int, str | None, str]]:
    """Of each file its ticket, the words it hangs on, and its key."""
    stored_messages = {i: m["text"] for i, m in world["messages"].items()}
    return {
        i: (f["ticket"], None if f["message"] is None else stored_messages[f["message"]], f["key"])
        for i, f in world["files"].items()
    }


def statistics(world: World, now: datetime) -> dict[str, int]:
    """Kept, broken and open promises of the tickets that were not merged away."""
    found = dict.fromkeys(
        [f"{s}_{o}" for s in ("response", "resolution") for o in ("met", "breached", "pending")], 0
    )
    counted = {i: t for i, t in world["tickets"].items() if t["into"] is None}
    for ticket_id, ticket in counted.items():
        spans = (_response(world, ticket_id, ticket, now), _resolution(ticket, now))
        for side, target, (span, is_over) in zip(
            ("response", "resolution"), TARGETS[ticket["priority"]], spans, strict=True
        ):
            is_late = span > timedelta(minutes=target)
            outcome = "breached" if is_late else "met" if is_over else "pending"
            found[f"{side}_{outcome}"] += 1
    return {**found, "tickets": len(counted), "merged": len(world["tickets"]) - len(counted)}


def _merge_one(world: World, source: int, target: int, at: str, by: int) -> None:
    ticket, into = world["tickets"][source], world["tickets"][target]
    is_foreign = ticket["user"] != into["user"]
    moved = (at, by, "merged_into", ticket["number"], into["number"], None)
    ticket["history"].append(moved)
    into["history"].append((at, by, "merged_from", ticket["number"], into["number"], None))
    why = f"duplicate of {into['number']}"
    if ticket["status"] == "in_progress":
        ticket["history"].append((at, by, "unassigned", ticket["agent"], None, why))
        ticket["agent"] = None
        _move(ticket, "open", at, by, why)
    _move(ticket, "closed", at, by, why)
    ticket["updated"] = ticket["closed"] = at[:19].replace("T", " ")
    ticket["into"] = target
    into["came"].append(source)
    expected = f"description of {source}"
    world["messages"][expected] = {
        "ticket": source,
        "side": "customer",
        "sender": ticket["user"],
        "text": ticket["description"],
        "internal": False,
        "created": ticket["created"],
        "updated": ticket["created"],
        "read": None,
        "home": source,
        "was_public": True,
    }
    for message in world["messages"].values():
        if message["ticket"] == source:
            message["ticket"] = target
            message["internal"] = message["internal"] or is_foreign
    for file in world["files"].values():
        if file["ticket"] == source:
            file["ticket"] = target
            if is_foreign and file["message"] is None:
                file["message"] = expected


def _move(ticket: dict[str, Any], to: str, at: str, by: int, why: str) -> None:
    before, ticket["status"] = ticket["status"], to
    ticket["history"].append((at, by, "status", before, to, why))
    ticket["events"].append(("TicketStatusChanged", before, to, why))


def _response(
    world: World, ticket_id: int, ticket: dict[str, Any], now: datetime
) -> tuple[timedelta, bool]:
    """From creation to the first answer that was written on this ticket."""
    answers = [
        m["created"]
        for m in world["messages"].values()
        if m["home"] == ticket_id and m["side"] == "agent" and m["was_public"]
    ]
    moves = [(e[0][:19].replace("T", " "), e[4]) for e in ticket["history"] if e[2] == "status"]
    answers += [at for at, to in moves if to in {"waiting_customer", "resolved"}]
    ends = answers or [at for at, to in moves if to == "closed"]
    until = moment(min(ends)) if ends else now
    return max(until - moment(ticket["created"]), timedelta()), bool(ends)


def _resolution(ticket: dict[str, Any], now: datetime) -> tuple[timedelta, bool]:
    """The time in open and in_progress."""
    chain = [e for e in ticket["history"] if e[2] in {"created", "status"}]
    starts = [moment(e[0][:19].replace("T", " ")) for e in chain]
    total = timedelta()
    for entry, start, end in zip(chain, starts, [*starts[1:], now], strict=True):
        if entry[4] in {"open", "in_progress"}:
            total += end - start
    return total, ticket["status"] in {"resolved", "closed"}


def moment(written: str) -> datetime:
    """A stored time."""
    return datetime.fromisoformat(f"{written}+00:00")


def text(stored: Any) -> str | None:
    """A stored time as text, to the second."""
    return None if stored is None else str(stored)[:19]


def _ordered(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in ("at", "actor", "action", "from", "to", "reason")}
