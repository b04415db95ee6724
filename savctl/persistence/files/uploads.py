"""Uploads under way: announced before their object is there, forgotten with its record."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from savctl.domain.files.file_names import key_digest
from savctl.persistence.schema.tables import uploads

_U = uploads.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file on its way: `object_key` is where it goes, `temp_key` where it may stand first."""

    id: str
    object_key: str | None
    temp_key: str | None
    upload_id: str | None
    ticket_id: int | None
    actor: int | None
    started_at: datetime


class UploadRecords:
    """The uploads of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def announce(self, new: Sequence[Upload]) -> None:
        """Write down uploads that begin; the ticket's row is locked by the caller."""
        if new:
            self._connection.execute(insert(uploads), [_row(upload) for upload in new])

    def in_parts(self, upload_id: str, *, parts_id: str) -> None:
        """Remember the store's own id of an upload in parts."""
        self._connection.execute(
            update(uploads).where(_U.id == upload_id).values(upload_id=parts_id)
        )

    def known(self, ids: Collection[str]) -> set[str]:
        """Those of these uploads that are still written down."""
        return set(self._connection.execute(select(_U.id).where(_U.id.in_(ids))).scalars())

    def forget(self, ids: Collection[str]) -> None:
        """The uploads are recorded, or given up."""
        if ids:
            self._connection.execute(delete(uploads).where(_U.id.in_(ids)))

    def under_way(self, keys: Collection[str]) -> set[str]:
        """Those of these keys to which something is being uploaded."""
        digests = {key_digest(key): key for key in keys}
        if not digests:
            return set()
        query = select(_U.key_digest).where(_U.key_digest.in_(digests))
        return {digests[found] for found in self._connection.execute(query).scalars()}

    def of_tickets(self, ticket_ids: Collection[int]) -> list[Upload]:
        """The uploads to these tickets."""
        query = select(uploads).where(_U.ticket_id.in_(ticket_ids)).order_by(_U.id)
        rows = self._connection.execute(query).mappings()
        return [Upload(**{k: v for k, v in row.items() if k != "key_digest"}) for row in rows]

    def begun_before(self, moment: datetime, *, after_id: str, limit: int) -> list[Upload]:
        """The next uploads that began before a moment, in id order."""
        query = select(uploads).where(_U.started_at < moment, _U.id > after_id)
        rows = self._connection.execute(query.order_by(_U.id).limit(limit)).mappings()
        return [Upload(**{k: v for k, v in row.items() if k != "key_digest"}) for row in rows]


def _row(upload: Upload) -> dict[str, Any]:
    key = upload.object_key
    return {
        "id": upload.id,
        "key_digest": key_digest(key) if key is not None else None,
        "object_key": key,
        "temp_key": upload.temp_key,
        "upload_id": upload.upload_id,
        "ticket_id": upload.ticket_id,
        "actor": upload.actor,
        "started_at": upload.started_at,
    }
