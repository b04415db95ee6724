"""Records of attached files (rules 7), with what savctl knows beside them.

A record of another program has no row in `savctl_files`; a soft-deleted one has, with its mark.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from savctl.errors import NotFound
from savctl.persistence.bulk import insert_rows
from savctl.persistence.noted_tickets import is_noting, note_changed
from savctl.persistence.schema.tables import files, support_tickets, ticket_attachments
from savctl.persistence.tickets.tickets import new_id
from savctl.persistence.visibility import seen_files

_A, _F = ticket_attachments.c, files.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One row of ticket_attachments; `sha256` and `deleted_at` are savctl's."""

    id: int
    ticket_id: int
    message_id: int | None
    original_name: str
    filename: str
    file_path: str
    mime_type: str
    file_size: int
    created_at: datetime | None
    updated_at: datetime | None
    sha256: str | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttachment:
    """What is stored of a file whose object is in the bucket."""

    original_name: str
    filename: str
    file_path: str
    mime_type: str
    file_size: int
    sha256: str


class Attachments:
    """The records of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def insert(
        self,
        ticket_id: int,
        new: Sequence[NewAttachment],
        *,
        message_id: int | None,
        at: datetime,
    ) -> list[Attachment]:
        """Store records and answer them; the ticket's row is locked by the caller."""
        made = [self._insert(ticket_id, file, message_id, at) for file in new]
        rows = [(one.id, ticket_id, one.sha256) for one in made]
        columns = ("attachment_id", "ticket_id", "sha256")
        # a row of the same id is left over from a record that the service removed
        insert_rows(self._connection, files, columns, rows, replaces=True)
        return made

    def get(self, attachment_id: int) -> Attachment:
        """The record.

        Raises:
            NotFound: there is none.
        """
        found = self._found(_all().where(_A.id == attachment_id))
        if not found:
            raise NotFound(
                f"no attachment {attachment_id}",
                hint="Run 'savctl attachment list TKT' for the files of a ticket.",
                attachment_id=attachment_id,
            )
        return found[0]

    def these(self, ids: Collection[int]) -> list[Attachment]:
        """Those of these records that exist, in id order."""
        return self._found(_all().where(_A.id.in_(sorted(ids))).order_by(_A.id)) if ids else []

    def of_ticket(self, ticket_id: int, *, deleted: bool = False) -> list[Attachment]:
        """The ticket's records in the order they came; the soft-deleted ones when asked."""
        query = _all().where(_A.ticket_id == ticket_id).order_by(_A.id)
        if not deleted:
            query = query.where(_F.deleted_at.is_(None))
        return self._found(query)

    def page(
        self, *, after_id: int, limit: int, ticket_ids: Collection[int] | None = None
    ) -> list[Attachment]:
        """The next records in id order, soft-deleted ones as well; of some tickets or of all."""
        query = _all().where(_A.id > after_id).order_by(_A.id).limit(limit)
        if ticket_ids is not None:
            query = query.where(_A.ticket_id.in_(sorted(ticket_ids)))
        return self._found(query)

    def mark_deleted(
        self, attachment: Attachment, *, at: datetime, by: int | None, reason: str | None
    ) -> None:
        """Put the soft-delete mark on a record."""
        mark = {"deleted_at": at, "deleted_by": by, "reason": reason}
        note_changed(self._connection, [attachment.ticket_id])
        self._connection.execute(delete(files).where(_F.attachment_id == attachment.id))
        self._connection.execute(
            insert(files).values(
                attachment_id=attachment.id,
                ticket_id=attachment.ticket_id,
                sha256=attachment.sha256,
                **mark,
            )
        )

    def unmark(self, attachment_id: int) -> None:
        """Take the mark off again."""
        self._note([attachment_id])
        clear = {"deleted_at": None, "deleted_by": None, "reason": None}
        self._connection.execute(
            update(files).where(_F.attachment_id == attachment_id).values(**clear)
        )

    def remove(self, ids: Sequence[int]) -> None:
        """Delete records and their marks; their objects are another matter."""
        self._note(ids)
        self._connection.execute(delete(ticket_attachments).where(_A.id.in_(ids)))
        self._connection.execute(delete(files).where(_F.attachment_id.in_(ids)))

    def forget(self, ids: Sequence[int]) -> None:
        """Delete marks whose records are gone; a record that came back keeps its own."""
        is_gone = ~exists().where(_A.id == _F.attachment_id)
        self._connection.execute(delete(files).where(_F.attachment_id.in_(ids), is_gone))

    def naming_of(self, ticket_ids: Collection[int], keys: Collection[str]) -> set[str]:
        """Those of these keys that records of these tickets name; by the ticket's index."""
        if not ticket_ids or not keys:
            return set()
        # the collation takes A for a and é for e, so keys are compared here once more
        query = select(_A.file_path).where(
            _A.ticket_id.in_(sorted(ticket_ids)), _A.file_path.in_(sorted(keys))
        )
        return set(keys).intersection(self._connection.execute(query).scalars())

    def _note(self, ids: Sequence[int]) -> None:
        """The tickets of these files change."""
        if is_noting(self._connection):
            theirs = select(_A.ticket_id).where(_A.id.in_(ids))
            note_changed(self._connection, self._connection.execute(theirs).scalars())

    def _insert(
        self, ticket_id: int, file: NewAttachment, message_id: int | None, at: datetime
    ) -> Attachment:
        values: dict[str, Any] = {
            "ticket_id": ticket_id,
            "message_id": message_id,
            "original_name": file.original_name,
            "filename": file.filename,
            "file_path": file.file_path,
            "mime_type": file.mime_type,
            "file_size": file.file_size,
            "created_at": at,
            "updated_at": at,
        }
        made = self._connection.execute(insert(ticket_attachments).values(**values))
        note_changed(self._connection, [ticket_id])
        return Attachment(id=new_id(made), sha256=file.sha256, **values)

    def _found(self, query: Select[Any]) -> list[Attachment]:
        query = query.where(*seen_files(self._connection))
        return [Attachment(**row) for row in self._connection.execute(query).mappings()]


@dataclass(frozen=True, slots=True)
class DeletedBefore:
    """Records that were soft-deleted up to a moment, and marks whose record is gone."""

    moment: datetime

    def page(self, connection: Connection, *, after_id: int, limit: int) -> list[int]:
        """The next ids in order."""
        query = select(_F.attachment_id).where(self._behind(after_id))
        query = query.order_by(_F.attachment_id).limit(limit)
        return list(connection.execute(query).scalars())

    def count(self, connection: Connection, *, after_id: int) -> int:
        """How many there are behind an id."""
        query = select(func.count()).select_from(files).where(self._behind(after_id))
        return int(connection.execute(query).scalar_one())

    def _behind(self, after_id: int) -> ColumnElement[bool]:
        return and_(_F.deleted_at <= self.moment, _F.attachment_id > after_id)


@dataclass(frozen=True, slots=True)
class WithoutRecord:
    """What savctl knows of records that another program removed, or a cascade."""

    def page(self, connection: Connection, *, after_id: int, limit: int) -> list[int]:
        """The next ids in order."""
        gone = and_(_F.attachment_id > after_id, ~exists().where(_A.id == _F.attachment_id))
        query = select(_F.attachment_id).where(gone).order_by(_F.attachment_id).limit(limit)
        return list(connection.execute(query).scalars())


def ticket_number_of(connection: Connection, attachment_id: int) -> str | None:
    """The number of the ticket that a file is on; None when either of them is gone."""
    tickets = support_tickets.c
    query = select(tickets.ticket_number).where(tickets.id == _A.ticket_id, _A.id == attachment_id)
    return connection.execute(query).scalar()


def newest_paths(connection: Connection, *, limit: int) -> list[str]:
    """The objects that the newest records name, whoever wrote them."""
    query = select(_A.file_path).order_by(_A.id.desc()).limit(limit)
    return list(connection.execute(query).scalars())


def newest_before(connection: Connection, moment: datetime, *, limit: int) -> list[Attachment]:
    """The newest records that were made before a moment and are not deleted."""
    query = _all().where(_A.created_at < moment, _F.deleted_at.is_(None))
    rows = connection.execute(query.order_by(_A.id.desc()).limit(limit)).mappings()
    return [Attachment(**row) for row in rows]


def _all() -> Select[Any]:
    joined = ticket_attachments.outerjoin(files, _F.attachment_id == _A.id)
    return select(*_A, _F.sha256, _F.deleted_at).select_from(joined)
