"""What of the stored data a customer gets, and what not (rules 5.1, 9.3, 11.9).

Theirs are the rows of their tickets, what they wrote anywhere, and what agents answered them.
Not theirs: notes among agents (unless asked for), what other customers wrote, names of agents.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from savctl.domain.age import Age
from savctl.domain.files.file_names import FileName
from savctl.domain.files.file_types import BY_EXTENSION
from savctl.domain.model.history import Action
from savctl.domain.model.metadata import Metadata
from savctl.domain.privacy.inventory import INTERNAL_KEYS
from savctl.domain.tickets.message_origins import origins

Record = Mapping[str, Any]

FORMAT, VERSION = "savctl-gdpr-export", 1
_OTHERS = re.compile(r"[^A-Za-z0-9._-]+")


class Kind(StrEnum):
    """The kinds of records of which an export is made, in this order for each ticket."""

    TICKET = "ticket"
    FILE = "file"
    MESSAGE = "message"
    ELSEWHERE = "elsewhere"  # a message on another's ticket; its files follow
    FILE_ELSEWHERE = "file_elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """Whose data it is, and whether notes among agents are in it."""

    user_id: int
    with_internal: bool = False

    def holds(
        self, *, sender_type: str, sender_id: int, is_internal: bool, is_foreign: bool
    ) -> bool:
        """Whether a message on one of their tickets is disclosed.

        `is_foreign` is one that a merge brought from another customer's ticket: what agents
        wrote there is about that customer.
        """
        if sender_type == "customer":
            return sender_id == self.user_id
        return not is_foreign and (self.with_internal or not is_internal)

    def metadata(self, metadata: Metadata) -> dict[str, object]:
        """The members of a ticket's metadata that are disclosed; custom fields all are."""
        if self.with_internal:
            return dict(metadata)
        members = {key: value for key, value in metadata.items() if key not in INTERNAL_KEYS}
        if "legal_hold" in str(members.get("unreadable")):
            del members["unreadable"]  # the reason of a hold cannot be separated from the rest
        for name in ("history", "imported_history"):
            history = members.get(name)
            if isinstance(history, list):
                members[name] = [entry for entry in history if not _is_hold(entry)]
        return members


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The description of an export in itself.

    `kept_for` is how long closed tickets are kept; `user` the copy of the auth service's row.
    """

    disclosure: Disclosure
    made_at: datetime
    kept_for: Age
    user: Record | None = None
    vip_since: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Counts:
    """How much is in an export."""

    tickets: int = 0
    archived: int = 0
    messages: int = 0
    messages_elsewhere: int = 0
    attachments: int = 0

    def add(self, kind: Kind, record: Record) -> None:
        """Count one record."""
        self.tickets += kind is Kind.TICKET
        self.archived += kind is Kind.TICKET and bool(record["archived"])
        self.messages += kind is Kind.MESSAGE
        self.messages_elsewhere += kind is Kind.ELSEWHERE
        self.attachments += kind in {Kind.FILE, Kind.FILE_ELSEWHERE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A file whose record is there and whose content is not."""

    attachment_id: int
    ticket_number: str
    original_name: str
    reason: str


def foreign_messages(metadata: Metadata) -> frozenset[int]:
    """The messages that came to a ticket by a merge across customers (docs/merging.md)."""
    foreign = (origin.messages for origin in origins(metadata) if origin.is_foreign)
    return frozenset[int]().union(*foreign)


def member_name(ticket_number: str, attachment_id: int, original_name: str) -> str:
    """Where a file stands in the export: a path that no system takes for another one.

    Files of kinds that may not be attached (another program stored them) get `.bin` at their
    end, so that no double click runs them.
    """
    folder = _OTHERS.sub("-", ticket_number)[:64].strip(".-_") or "ticket"
    extension = original_name.rpartition(".")[2].lower()
    if extension not in BY_EXTENSION:
        original_name, extension = f"{original_name}.bin", "bin"
    return f"files/{folder}/{attachment_id}-{FileName(original_name, extension).safe}"


def _is_hold(entry: object) -> bool:
    return isinstance(entry, dict) and entry.get("action") == Action.HOLD
