"""Who may have a file, and how it is audited (rules 5.1, 7.6)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from savctl.domain.model.ticket import Ticket
from savctl.errors import NotPermitted


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

    Without a user it is the operator at the terminal, who holds the bucket's own keys. Without a
    token a user's role is what the user is on the ticket.
    """

    user_id: int | None = None
    role: Role | None = None


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


def sees_notes(ticket: Ticket, requester: Requester) -> bool:
    """Whether the requester sees all of a ticket: its agent, an admin, the operator."""
    if requester.user_id is None or requester.role is Role.ADMIN:
        return True
    return requester.user_id == ticket.assigned_to and requester.role is not Role.CUSTOMER


def require_access(ticket: Ticket, requester: Requester, *, is_internal: bool) -> None:
    """Pass when the requester may see the ticket, and the message that a file hangs on.

    Customers see their own tickets without internal notes, agents those assigned to them,
    admins all.

    Raises:
        NotPermitted: not this one.
    """
    is_owner = requester.user_id == ticket.user_id and requester.role is not Role.AGENT
    if not sees_notes(ticket, requester) and (is_internal or not is_owner):
        raise NotPermitted(
            f"user {requester.user_id} may not see this file of {ticket.ticket_number}"
            if is_internal
            else f"user {requester.user_id} may not see the files of {ticket.ticket_number}",
            hint="Customers have files of their own tickets, agents of those assigned to them, "
            "admins (by SAVCTL_TOKEN) all.",
            ticket_number=ticket.ticket_number,
        )


def require_oversight(requester: Requester, ticket: Ticket | None = None) -> None:
    """Pass for who may see all of this ticket, or of everything when there is none.

    Raises:
        NotPermitted: the requester may not.
    """
    is_everywhere = requester.user_id is None or requester.role is Role.ADMIN
    if not is_everywhere and (ticket is None or not sees_notes(ticket, requester)):
        raise NotPermitted(
            f"user {requester.user_id} may not see this",
            hint="It is for the agent of the ticket, and for admins.",
        )
