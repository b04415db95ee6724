"""What the user of a token sees: conditions that every query about tickets carries (rules 12.3).

The requester travels with the connection, so no caller can forget to hand it on. Without a token,
and for admins, there is no condition. Nothing is filtered after a query.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, exists, false, or_, select

from savctl.domain.access.file_access import Requester, Role
from savctl.domain.access.policy import SEES, Relation
from savctl.domain.model.states import Status
from savctl.persistence.schema.tables import (
    archived_tickets,
    files,
    support_tickets,
    ticket_attachments,
    ticket_messages,
)

OPTION = "savctl_requester"
_T, _A, _M, _F = (
    *(support_tickets.c, archived_tickets.c, ticket_messages.c, ticket_attachments.c),
)
_MARK = files.alias("mark").c  # a query that has the marks already must not be meant


def requester_on(connection: Connection) -> Requester | None:
    """Whose token narrows this connection; None when nothing is narrowed."""
    found = connection.get_execution_options().get(OPTION)
    return found if isinstance(found, Requester) and found.is_narrowed else None


def is_customers(connection: Connection) -> bool:
    """Whether a customer looks."""
    requester = requester_on(connection)
    return requester is not None and requester.role is Role.CUSTOMER


def seen_tickets(connection: Connection) -> list[ColumnElement[bool]]:
    """What a ticket must be to be seen: the customer's own, or the agent's and the queue."""
    requester = requester_on(connection)
    relations = None if requester is None else SEES[requester.role]
    if requester is None or relations is None:
        return []
    queued = and_(_T.assigned_to.is_(None), _T.status == Status.OPEN)
    conditions: dict[Relation, ColumnElement[bool]] = {
        Relation.OWN: _T.user_id == requester.user_id,
        Relation.ASSIGNED: _T.assigned_to == requester.user_id,
        Relation.QUEUE: queued,
    }
    return [or_(*(conditions[relation] for relation in sorted(relations)))]


def seen_archived(connection: Connection) -> list[ColumnElement[bool]]:
    """What an archived ticket must be to be named: the customer's own."""
    requester = requester_on(connection)
    if requester is None:
        return []
    is_own = requester.role is Role.CUSTOMER
    return [_A.user_id == requester.user_id if is_own else false()]


def seen_messages(connection: Connection) -> list[ColumnElement[bool]]:
    """What a message of a ticket that is seen must be: customers see no internal notes."""
    return [_M.is_internal == false()] if is_customers(connection) else []


def seen_files(connection: Connection) -> list[ColumnElement[bool]]:
    """What a record of a file must be: of a ticket that is seen, on a message that is seen.

    What was deleted customers see no more: it may have been somebody else's.
    """
    tickets, messages = seen_tickets(connection), seen_messages(connection)
    found: list[ColumnElement[bool]] = (
        [_F.ticket_id.in_(select(_T.id).where(*tickets))] if tickets else []
    )
    if messages:
        public = select(_M.id).where(_M.id == _F.message_id, *messages).exists()
        deleted = exists().where(_MARK.attachment_id == _F.id, _MARK.deleted_at.is_not(None))
        found += (or_(_F.message_id.is_(None), public), ~deleted)
    return found
