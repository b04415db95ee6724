"""Giving a file out: its content or a link, to who may see its ticket, each time on record."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from savctl.domain.access.file_access import FileAction, FileNote, Requester
from savctl.domain.clock import second_text
from savctl.domain.files.file_names import KEY
from savctl.domain.files.file_types import is_shown
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.merge_links import came_in
from savctl.errors import Findings, InvalidInput, NotFound
from savctl.persistence.engine import Database
from savctl.persistence.files import file_reads
from savctl.persistence.files.attachments import Attachment
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import Clock, Delivery, NoSuchObject, ObjectStore

LONGEST_LINK = timedelta(minutes=15)


class ContentDiffers(Findings):
    """The object is not what its record describes."""

    code = "content_differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLink:
    """A link to a file; who has it can fetch the file until it ends."""

    ticket: Ticket
    attachment: Attachment
    url: str
    expires_at: datetime
    is_inline: bool


def link_to(
    database: Database,
    clock: Clock,
    store: ObjectStore,
    attachment_id: int,
    *,
    requester: Requester,
    lifetime: timedelta,
) -> FileLink:
    """A link for a requester who may see the file; it is on record before it is given.

    Raises:
        NotFound: no such record, or it was deleted; or no object.
        InvalidInput: longer than 15 minutes.
    """
    if not timedelta(seconds=1) <= lifetime <= LONGEST_LINK:
        raise InvalidInput("a link lives from 1 second to 15 minutes")
    _, attachment = _seen(database, attachment_id)
    _require_object(store, attachment)
    seconds = int(lifetime.total_seconds())
    now = clock()
    ticket, attachment = _on_record(
        database, clock, attachment_id, requester, FileAction.LINKED, seconds=seconds
    )
    delivery = Delivery(
        filename=attachment.original_name,
        content_type=attachment.mime_type,
        is_inline=is_shown(attachment.mime_type),
    )
    url = store.url(attachment.file_path, seconds=seconds, delivery=delivery)
    return FileLink(
        ticket=ticket,
        attachment=attachment,
        url=url,
        expires_at=now + timedelta(seconds=seconds),
        is_inline=delivery.is_inline,
    )


@contextmanager
def content_of(
    database: Database,
    clock: Clock,
    store: ObjectStore,
    attachment_id: int,
    *,
    requester: Requester,
) -> Iterator[tuple[Attachment, Iterator[bytes]]]:
    """The record and its content in pieces, on record before the first one is given.

    The pieces end with an error when size or hash differ from the record's: what was read until
    then must be thrown away.

    Raises:
        NotFound: as for a link.
        ContentDiffers: out of the pieces, at their end.
    """
    _, attachment = _seen(database, attachment_id)
    _require_object(store, attachment)
    _, attachment = _on_record(database, clock, attachment_id, requester, FileAction.READ)
    with store.read(attachment.file_path) as pieces:
        yield attachment, checked(attachment, pieces)


def checked(attachment: Attachment, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces; at their end, size and hash are compared with the record.

    Raises:
        ContentDiffers: they differ.
    """
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        if size > attachment.file_size:
            break
        yield piece
    if problem := difference(attachment, size, digest.hexdigest()):
        raise ContentDiffers(
            f"attachment {attachment.id}: {problem}",
            hint="Restore the object from a backup; savctl attachment verify finds the others.",
            attachment_id=attachment.id,
        )


def difference(attachment: Attachment, size: int, sha256: str) -> str | None:
    """What is wrong with content of this size and hash, or None.

    A record of another program has no hash, unless its key does.
    """
    if size != attachment.file_size:
        has = "fewer" if size < attachment.file_size else "more"
        return f"the object has {has} bytes than the {attachment.file_size} of its record"
    known = attachment.sha256
    named = KEY.fullmatch(attachment.file_path)
    is_other = sha256 != known if known else bool(named and sha256[:32] != named[2])
    return "the content is not what was uploaded: its SHA-256 differs" if is_other else None


def require_ticket(database: Database, ref: str | int) -> None:
    """Pass when the ticket exists for the requester, who may so have links to its files.

    Raises:
        NotFound: no such ticket.
    """
    with database.reading() as connection:
        UnitOfWork(connection).tickets.get(ref)


def accesses(
    database: Database,
    *,
    requester: Requester,
    attachment_id: int | None = None,
    ref: str | int | None = None,
) -> list[dict[str, Any]]:
    """Who had which file when, oldest first: of one file, or of a ticket's files.

    A ticket's are also those of the tickets that were merged into it, and of files that are gone.

    Raises:
        NotFound: no such ticket; a file of which nothing is known at all.
    """
    with database.reading() as connection:
        uow = UnitOfWork(connection)
        if ref is not None:
            return file_reads.of_tickets(connection, _and_merged(uow.tickets.get(ref)))
        if requester.is_narrowed:  # what is gone from the tickets is for who sees everything
            uow.attachments.get(attachment_id or 0)
        found = file_reads.of_file(connection, attachment_id or 0)
        if not found:
            uow.attachments.get(attachment_id or 0)
        return found


def _and_merged(ticket: Ticket) -> list[int]:
    return [ticket.id, *sorted(came_in(ticket.metadata))]


def _seen(database: Database, attachment_id: int) -> tuple[Ticket, Attachment]:
    with database.reading() as connection:
        return _allowed(UnitOfWork(connection), attachment_id)


def _on_record(
    database: Database,
    clock: Clock,
    attachment_id: int,
    requester: Requester,
    action: FileAction,
    *,
    seconds: int | None = None,
) -> tuple[Ticket, Attachment]:
    def work(uow: UnitOfWork) -> tuple[Ticket, Attachment]:
        ticket, attachment = _allowed(uow, attachment_id)
        note = FileNote(
            action=action, ticket_id=ticket.id, attachment_id=attachment.id, seconds=seconds
        )
        uow.audit.files([note], actor=requester.user_id, at=clock())
        return ticket, attachment

    return in_transaction(database, work)


def _allowed(uow: UnitOfWork, attachment_id: int) -> tuple[Ticket, Attachment]:
    """The file, which exists for the requester: the queries carry what that means."""
    attachment = uow.attachments.get(attachment_id)
    ticket = uow.tickets.get(attachment.ticket_id)
    if attachment.deleted_at is not None:
        raise NotFound(
            f"attachment {attachment_id} was deleted {second_text(attachment.deleted_at)}",
            hint=f"savctl attachment restore {attachment_id}",
            attachment_id=attachment_id,
        )
    return ticket, attachment


def _require_object(store: ObjectStore, attachment: Attachment) -> None:
    if store.find(attachment.file_path) is None:
        raise NoSuchObject(
            f"attachment {attachment.id} has no object {attachment.file_path} in {store.name}",
            hint="Restore it from a backup; savctl attachment verify finds the others.",
            attachment_id=attachment.id,
        )
