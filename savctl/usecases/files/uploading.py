"""Files into the bucket, then their records (rules 7.1, 7.2).

An upload is announced in the database before its object is there, so that nobody removes the key
while it is uploaded, and forgotten in the transaction that records it. Large files stand under
`temp/` first. Whenever the process dies, at most an object is left that no record names;
orphan-cleanup and temp-cleanup remove it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import uuid4

from savctl.domain.access.file_access import FileAction, FileNote
from savctl.domain.clock import to_the_second
from savctl.domain.files.file_types import MB
from savctl.domain.model.ticket import Ticket
from savctl.errors import SavError, Unavailable
from savctl.persistence.engine import Database
from savctl.persistence.files.attachments import Attachment
from savctl.persistence.files.uploads import Upload
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import Clock, ContentChanged, ObjectStore
from savctl.usecases.files.staging import Staged

IN_PARTS_OVER = 8 * MB
PART_BYTES = 5 * MB


class KeyBeingRemoved(Unavailable):
    """The same file is being removed for good at this moment."""

    code = "key_being_removed"


@dataclass(slots=True, kw_only=True)
class _Planned:
    """One file on its way; `is_there` when its object is known to be there or comes twice."""

    file: Staged
    id: str
    key: str
    temp_key: str | None = None
    parts_id: str | None = None
    is_there: bool = False
    is_begun: bool = False


class Uploading:
    """The files of one command on their way to one ticket; without files it does nothing.

    `with Uploading(…) as uploading:` gives up what was begun when the block fails, and clears
    away what stood under `temp/` when it ends well.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        store: ObjectStore | None,
        files: Sequence[Staged],
        *,
        by: int | None,
    ) -> None:
        self._database, self._clock, self._by = database, clock, by
        self._given_store = store
        self._files = files
        self._plan: list[_Planned] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if not self._plan:
            return
        with suppress(SavError):  # temp-cleanup does it later
            self._clear_away()
        if kind is not None:
            with suppress(SavError):
                in_transaction(self._database, lambda uow: uow.uploads.forget(self._ids))

    @property
    def count(self) -> int:
        """How many files there are."""
        return len(self._files)

    def announce(self, uow: UnitOfWork, ticket_id: int) -> None:
        """Write down what comes; the ticket is locked, or its id reserved.

        Raises:
            KeyBeingRemoved: one of the files is being removed from this ticket just now.
        """
        self._plan = [_planned(file, ticket_id) for file in self._files]
        keys = {one.key for one in self._plan}
        _require_free(uow, keys)
        named = uow.attachments.naming_of([ticket_id], keys)
        for one in self._plan:
            one.is_there = one.key in named
        now = self._clock()
        uow.uploads.announce([self._as_row(one, ticket_id, now) for one in self._plan])

    def send(self) -> None:
        """Bring the content into the bucket: to its key, or below `temp/`.

        Raises:
            StoreGone, StoreRefused: the bucket; nothing is recorded.
        """
        sent: set[tuple[str, str]] = set()
        for one in self._plan:
            mark = (one.file.sha256, one.file.name.extension)
            if mark in sent or (one.is_there and self._stands(one)):
                one.temp_key = None
                continue
            sent.add(mark)
            self._send(one)

    def deliver(self) -> None:
        """Copy what stands below `temp/` to its key, inside the bucket."""
        for one in self._plan:
            if one.temp_key is not None:
                self._store.copy(one.temp_key, one.key)
                if not self._stands(one):
                    raise ContentChanged(f"{one.key} is not what was sent; nothing is recorded")

    def record(
        self, uow: UnitOfWork, ticket: Ticket, *, message_id: int | None, now: datetime
    ) -> list[Attachment]:
        """Store the records; the objects are there and the ticket is locked.

        Raises:
            Unavailable: the upload took so long that it was cleaned up.
        """
        if not self._plan:
            return []
        if uow.uploads.known(self._ids) != set(self._ids):
            raise Unavailable("the upload took too long and was cleaned up: try again")
        at = to_the_second(now)
        new = [one.file.record(ticket.id) for one in self._plan]
        made = uow.attachments.insert(ticket.id, new, message_id=message_id, at=at)
        uow.purges.cancel({attachment.file_path for attachment in made})
        uow.uploads.forget(self._ids)
        notes = (
            FileNote(
                action=FileAction.ADDED,
                ticket_id=ticket.id,
                attachment_id=attachment.id,
                message_id=message_id,
            )
            for attachment in made
        )
        uow.audit.files(notes, actor=self._by, at=now)
        return made

    @property
    def _store(self) -> ObjectStore:
        if self._given_store is None:
            raise RuntimeError("files were given, and no store")
        return self._given_store

    @property
    def _ids(self) -> list[str]:
        return [one.id for one in self._plan]

    def _as_row(self, one: _Planned, ticket_id: int, now: datetime) -> Upload:
        return Upload(
            id=one.id,
            object_key=one.key,
            temp_key=one.temp_key,
            upload_id=None,
            ticket_id=ticket_id,
            actor=self._by,
            started_at=now,
        )

    def _stands(self, one: _Planned) -> bool:
        """Whether the object is there; its key has the hash of its content."""
        found = self._store.find(one.key)
        return found is not None and found.size_bytes == one.file.size_bytes

    def _send(self, one: _Planned) -> None:
        one.is_begun = True
        place = one.temp_key or one.key
        if one.file.size_bytes > IN_PARTS_OVER:
            self._send_in_parts(one, place)
            return
        with one.file.open() as content:
            self._store.put(
                place,
                content,
                size_bytes=one.file.size_bytes,
                content_type=one.file.type.mime,
            )

    def _send_in_parts(self, one: _Planned, place: str) -> None:
        parts_id = self._store.begin_parts(place, content_type=one.file.type.mime)
        one.parts_id = parts_id
        in_transaction(self._database, lambda uow: uow.uploads.in_parts(one.id, parts_id=parts_id))
        tags: list[str] = []
        with one.file.open() as content:
            while part := content.read(PART_BYTES):
                tags.append(self._store.put_part(place, parts_id, len(tags) + 1, part))
        self._store.end_parts(place, parts_id, tags)
        one.parts_id = None

    def _clear_away(self) -> None:
        begun = [(one.temp_key, one.parts_id) for one in self._plan if one.is_begun]
        for key, parts_id in begun:
            if key is not None and parts_id is not None:
                self._store.abort_parts(key, parts_id)
        if temporary := [key for key, _ in begun if key is not None]:
            self._store.purge(temporary)


def _planned(file: Staged, ticket_id: int) -> _Planned:
    session = str(uuid4())
    is_large = file.size_bytes > IN_PARTS_OVER
    temp_key = file.temporary_key(session) if is_large else None
    return _Planned(file=file, id=session, key=file.key(ticket_id), temp_key=temp_key)


def _require_free(uow: UnitOfWork, keys: Collection[str]) -> None:
    busy = uow.purges.claimed(keys)
    if busy:
        raise KeyBeingRemoved(
            f"{min(busy)} is being removed for good at this moment",
            hint="Try again in a minute; savctl job run attachment-purge completes a removal "
            "that was broken off.",
        )
