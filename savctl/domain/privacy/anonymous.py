"""What is left of a closed ticket without its person (rules 16.5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from savctl.domain.model.json_text import encode
from savctl.domain.model.metadata import EMPTY, Metadata
from savctl.domain.model.ticket import NOBODY, Ticket
from savctl.domain.privacy.erasure import ERASED

_KEPT = ("sla", "history")  # of a ticket's metadata
_PERSONS = ("user_id", "sender_id", "changed_by", "resolved_by", "assigned_by")  # in events


def anonymised(ticket: Ticket, user_id: int) -> Ticket:
    """The ticket: id, number, times, status, priority, category, agent, SLA, bare history."""
    return ticket.changed(
        user_id=NOBODY,
        order_id=None,
        subject=ERASED,
        description=ERASED,
        metadata=anonymised_metadata(ticket.metadata, user_id),
    )


def anonymised_metadata(metadata: Metadata, user_id: int) -> Metadata:
    """The promise and its breaches, and the history without reasons and without the person."""
    kept = EMPTY
    sla = metadata.object_at("sla")
    if sla:
        kept = kept.with_members(sla=_bare_sla(sla))
    entries = [_bare_entry(entry.as_json(), user_id) for entry in metadata.history]
    return kept.with_members(history=entries) if entries else kept


def _bare_sla(sla: Mapping[str, object]) -> dict[str, object]:
    """Only what savctl writes there: other members may be anybody's words."""
    return {name: sla[name] for name in ("promise", "breaches", "answered_at") if name in sla}


def _bare_entry(entry: dict[str, object], user_id: int) -> dict[str, object]:
    actor = NOBODY if entry["actor"] == user_id else entry["actor"]
    return {**entry, "actor": actor, "reason": None}


def anonymised_row(row: Mapping[str, Any], user_id: int) -> dict[str, Any]:
    """The same of a ticket's row as a bundle has it."""
    stored = Metadata.read(row["metadata"])
    return {
        **row,
        "user_id": NOBODY,
        "order_id": None,
        "subject": ERASED,
        "description": ERASED,
        "metadata": anonymised_metadata(stored, user_id).text(),
    }


def anonymised_message(row: Mapping[str, Any]) -> dict[str, Any]:
    """A message of such a ticket, whoever wrote it."""
    sender = NOBODY if row["sender_type"] == "customer" else row["sender_id"]
    return {**row, "message": ERASED, "sender_id": sender}


def anonymised_envelope(text: str, user_id: int) -> str:
    """An event about such a ticket: without subject, reasons, order, and the person's id."""
    envelope = json.loads(text)
    data = envelope["data"]
    for key in _PERSONS:
        if data.get(key) == user_id:
            data[key] = NOBODY
    if data.get("sender_type") == "customer":
        data["sender_id"] = NOBODY
    for key in ("subject", "reason"):
        if data.get(key) is not None:
            data[key] = ERASED
    if "order_id" in data:
        data["order_id"] = None
    return encode(envelope)


def given_up_envelope(event: str, ticket_id: int, at: datetime) -> str:
    """What stays of an event that was never sent and never will be: which kind it was."""
    from savctl.domain.clock import second_text

    data = {"ticket_id": ticket_id}
    return encode({"event": event, "timestamp": second_text(at), "data": data})
