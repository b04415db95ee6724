"""A person's tickets in the database: found, deleted, anonymised."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, not_, or_, select, update
from sqlalchemy.sql.expression import case

from savctl.domain.files.object_keys import Shape, shape_of
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import NOBODY
from savctl.domain.privacy.erasure import ERASED
from savctl.domain.tickets.merge_links import went_into
from savctl.persistence.files.purge_queue import PurgeReason, PurgeRequest
from savctl.persistence.metadata_sql import metadata_mentions
from savctl.persistence.noted_tickets import is_noting, note_changed
from savctl.persistence.privacy.erasure.scope import Scope
from savctl.persistence.schema.tables import (
    archived_files,
    archived_tickets,
    files,
    purges,
    support_tickets,
    ticket_attachments,
    ticket_messages,
)

_T, _M, _A, _F, _P = (
    support_tickets.c,
    ticket_messages.c,
    ticket_attachments.c,
    archived_files.c,
    purges.c,
)


def own_page(
    connection: Connection, scope: Scope, *, after_id: int, limit: int, last_id: int | None = None
) -> list[int]:
    """The next of their tickets by id, up to the last one that counts."""
    query = scope.own(_T.id).where(_T.id > after_id)
    query = query if last_id is None else query.where(_T.id <= last_id)
    return list(connection.execute(query.order_by(_T.id).limit(limit)).scalars())


def last_own(connection: Connection, scope: Scope) -> int:
    """The highest id of their tickets that are here; 0 where there is none."""
    return int(connection.execute(scope.own(func.max(_T.id))).scalar() or 0)


def count_own(connection: Connection, scope: Scope) -> int:
    """Their tickets that are here and may go."""
    return int(connection.execute(scope.own(func.count())).scalar_one())


def count_hanging(connection: Connection, scope: Scope) -> tuple[int, int]:
    """Messages and attachment records on those, whoever wrote them."""
    own = scope.own(_T.id)
    messages = select(func.count()).where(_M.ticket_id.in_(own))
    hung = select(func.count()).where(_A.ticket_id.in_(own))
    one, two = (connection.execute(query).scalar_one() for query in (messages, hung))
    return int(one), int(two)


def with_merges(connection: Connection, scope: Scope) -> list[int]:
    """Those of their tickets into which others were merged, or that were split."""
    query = scope.own(_T.id).where(_mentions(connection, "moved_messages"))
    return list(connection.execute(query).scalars())


def links_of_own(connection: Connection, scope: Scope) -> dict[int, int]:
    """Those of their tickets that were merged away, each with the ticket it went into."""
    query = scope.own(_T.id, _T.metadata).where(_mentions(connection, "merged_into"))
    found = ((row.id, went_into(row.metadata)) for row in connection.execute(query))
    return {ticket_id: into for ticket_id, into in found if into is not None}


def owners_of(connection: Connection, ticket_ids: Sequence[int]) -> dict[int, int]:
    """Whose these tickets are, those that are here."""
    query = select(_T.id, _T.user_id).where(_T.id.in_(list(ticket_ids)))
    return {row.id: row.user_id for row in connection.execute(query)}


def held_as_agent(connection: Connection, user_id: int) -> list[str]:
    """The numbers of the tickets that they work on as an agent."""
    query = select(_T.ticket_number).where(
        _T.assigned_to == user_id, _T.status != str(Status.CLOSED)
    )
    return list(connection.execute(query.order_by(_T.id)).scalars())


def objects_named(
    connection: Connection, ticket_ids: Sequence[int], *, at: datetime
) -> list[PurgeRequest]:
    """The objects that records of these tickets name, archived ones too, to go at once.

    Another program's record may name any object: a bundle of the archive is never one of them.
    """
    ids = list(ticket_ids)
    queries = (
        select(_A.ticket_id, _A.file_path, _A.file_size).where(_A.ticket_id.in_(ids)),
        select(_F.ticket_id, _F.object_key, _F.size_bytes).where(_F.ticket_id.in_(ids)),
        select(_P.ticket_id, _P.object_key, _P.size_bytes).where(_P.ticket_id.in_(ids)),
    )
    return [
        PurgeRequest(
            key=key, reason=PurgeReason.ERASURE, due_at=at, ticket_id=owner, size_bytes=size
        )
        for query in queries
        for owner, key, size in connection.execute(query)
        if shape_of(key) is not Shape.BUNDLE
    ]


def keys_of_own(connection: Connection, scope: Scope) -> set[str]:
    """The objects that records of their tickets name, archived ones too."""
    archived = select(archived_tickets.c.ticket_id).where(
        archived_tickets.c.user_id == scope.user_id
    )
    queries = (
        select(_A.file_path).where(_A.ticket_id.in_(scope.own(_T.id))),
        select(_F.object_key).where(_F.ticket_id.in_(archived)),
    )
    found = {key for query in queries for key in connection.execute(query).scalars()}
    return {key for key in found if shape_of(key) is not Shape.BUNDLE}


def unhook_files_of_others(connection: Connection, ticket_ids: Sequence[int]) -> None:
    """An attachment of another ticket that hangs on a message of these must not go with it."""
    on_these = select(_M.id).where(_M.ticket_id.in_(list(ticket_ids)))
    stray = select(_A.id).where(_A.message_id.in_(on_these), _A.ticket_id.not_in(list(ticket_ids)))
    ids = list(connection.execute(stray).scalars())
    if ids:
        others = update(ticket_attachments).where(_A.id.in_(ids))
        connection.execute(others.values(message_id=None))


def delete_hanging(connection: Connection, ticket_ids: Sequence[int]) -> tuple[int, int]:
    """Delete messages, attachment records and their marks; answers how many of the first two."""
    note_changed(connection, ticket_ids)
    ids = list(ticket_ids)
    hung = delete_files(connection, ids)
    gone = connection.execute(delete(ticket_messages).where(_M.ticket_id.in_(ids)))
    return int(gone.rowcount), hung


def delete_files(connection: Connection, ticket_ids: Sequence[int]) -> int:
    """Delete the attachment records of these tickets and their marks."""
    note_changed(connection, ticket_ids)
    ids = list(ticket_ids)
    connection.execute(delete(files).where(files.c.ticket_id.in_(ids)))
    return int(
        connection.execute(delete(ticket_attachments).where(_A.ticket_id.in_(ids))).rowcount
    )


def delete_rows(connection: Connection, ticket_ids: Sequence[int]) -> None:
    """Delete the rows of tickets on which nothing hangs any more."""
    note_changed(connection, ticket_ids)
    connection.execute(delete(support_tickets).where(_T.id.in_(list(ticket_ids))))


def anonymise_messages(connection: Connection, ticket_ids: Sequence[int]) -> int:
    """Take words and customers out of every message of these tickets."""
    note_changed(connection, ticket_ids)
    wanted = update(ticket_messages).where(_M.ticket_id.in_(list(ticket_ids)))
    sender = case((_M.sender_type == "customer", NOBODY), else_=_M.sender_id)
    return int(connection.execute(wanted.values(message=ERASED, sender_id=sender)).rowcount)


def written_elsewhere(connection: Connection, scope: Scope) -> list[int]:
    """The ids of what they wrote as a customer on tickets that are others'."""
    query = (
        select(_M.id)
        .join(support_tickets, _M.ticket_id == _T.id)
        .where(_M.sender_id == scope.user_id, _M.sender_type == "customer")
        .where(_T.user_id != scope.user_id, *_not_kept(scope))
    )
    return list(connection.execute(query.order_by(_M.id)).scalars())


def still_there(
    connection: Connection, scope: Scope, messages: Sequence[int], hung: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Those of these messages and attachments that are on tickets of others and may go."""
    found: list[list[int]] = []
    for table, ids in ((ticket_messages, messages), (ticket_attachments, hung)):
        query = (
            select(table.c.id)
            .join(support_tickets, table.c.ticket_id == _T.id)
            .where(table.c.id.in_(list(ids)), _T.user_id != scope.user_id, *_not_kept(scope))
        )
        found.append(list(connection.execute(query).scalars()) if ids else [])
    return found[0], found[1]


def tickets_of_messages(
    connection: Connection, messages: Sequence[int], hung: Sequence[int]
) -> set[int]:
    """The tickets that these messages and attachments are on."""
    found: set[int] = set()
    for table, ids in ((ticket_messages, messages), (ticket_attachments, hung)):
        if ids:
            query = select(table.c.ticket_id).where(table.c.id.in_(list(ids)))
            found |= set(connection.execute(query).scalars())
    return found


def files_on(
    connection: Connection, messages: Sequence[int], hung: Sequence[int]
) -> dict[int, tuple[int, str, int]]:
    """The attachments on these messages, and these: ticket, key and size of each."""
    query = select(_A.id, _A.ticket_id, _A.file_path, _A.file_size).where(
        or_(_A.message_id.in_(list(messages)), _A.id.in_(list(hung)))
    )
    return {
        row.id: (row.ticket_id, row.file_path, row.file_size) for row in connection.execute(query)
    }


def delete_messages(
    connection: Connection, messages: Sequence[int], hung: Sequence[int]
) -> tuple[int, int]:
    """Delete messages and attachments by their ids; answers how many of each."""
    if is_noting(connection):
        note_changed(connection, tickets_of_messages(connection, messages, hung))
    connection.execute(delete(files).where(files.c.attachment_id.in_(list(hung))))
    gone = connection.execute(delete(ticket_attachments).where(_A.id.in_(list(hung)))).rowcount
    words = connection.execute(delete(ticket_messages).where(_M.id.in_(list(messages)))).rowcount
    return int(words), int(gone)


def _not_kept(scope: Scope) -> list[ColumnElement[bool]]:
    return [and_(not_(_T.id.in_(scope.kept)))] if scope.kept else []


def _mentions(connection: Connection, word: str) -> ColumnElement[bool]:
    return metadata_mentions(word, connection.dialect.name)
