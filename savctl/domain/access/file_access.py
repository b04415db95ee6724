"""Who asks, by which role, and how access to files is audited (rules 7.6, 12.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The roles that a token of the auth service may bear."""

    CUSTOMER = "customer"
    AGENT = "agent"
    ADMIN = "admin"


class FileAction(StrEnum):
    """What the audit knows of files: their life, and each access to their content."""

    ADDED = "file_added"
    DELETED = "file_deleted"
    RESTORED = "file_restored"
    PURGED = "file_purged"
    READ = "file_read"
    LINKED = "file_linked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """Who asks: a user, and the role that a token proved.

    Without a role it is the operator at the terminal, who holds the keys of database and bucket;
    the user then signs, and narrows nothing.
    """

    user_id: int | None = None
    role: Role | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether some tickets do not exist for the requester."""
        return self.role not in {None, Role.ADMIN}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileNote:
    """One entry of the audit about a file; ids and reasons only, never a name."""

    action: FileAction
    ticket_id: int
    attachment_id: int
    message_id: int | None = None
    reason: str | None = None
    seconds: int | None = None

    def as_json(self) -> dict[str, object]:
        """The stored form; `attachment_id` stands first, by which it is searched."""
        row: dict[str, object] = {"attachment_id": self.attachment_id}
        for name in ("message_id", "reason", "seconds"):
            value = getattr(self, name)
            if value is not None:
                row[name] = value
        return row
