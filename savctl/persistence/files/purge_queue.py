"""Objects that are to go for good: the intent is committed here, and carried out later."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, case, delete, func, insert, literal, or_, select, update

from savctl.domain.files.file_names import key_digest
from savctl.persistence.schema.tables import purges
from savctl.persistence.sql import chunks

_P = purges.c
_LONGEST_ERROR = 500
_AT_ONCE = 1_000


class PurgeReason(StrEnum):
    """Why an object is to go."""

    DELETED = "deleted"  # its record was soft-deleted 30 days ago
    ORPHAN = "orphan"  # hidden 30 days ago, because no record named it
    RETENTION = "retention"
    ERASURE = "erasure"
    ARCHIVE = "archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge:
    """An object that is to go once `due_at` has come; `hidden_at` is set on hidden orphans."""

    id: int
    object_key: str
    reason: str
    ticket_id: int | None
    size_bytes: int | None
    due_at: datetime
    hidden_at: datetime | None
    attempts: int
    claimed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeRequest:
    """An object that shall go, and when."""

    key: str
    reason: PurgeReason
    due_at: datetime
    ticket_id: int | None = None
    size_bytes: int | None = None
    hidden_at: datetime | None = None


class Purges:
    """The purges of one transaction."""

    def __init__(self, connection: Connection, *, run_id: int | None = None) -> None:
        self._connection = connection
        self._run_id = run_id

    def want(self, doomed: Iterable[PurgeRequest], *, at: datetime) -> None:
        """Write down that objects shall go; one that shall already goes at the earlier time."""
        by_digest = {key_digest(one.key): one for one in doomed}
        if not by_digest:
            return
        query = select(_P.key_digest).where(_P.key_digest.in_(by_digest))
        known = set(self._connection.execute(query).scalars())
        new = [
            self._row(digest, one, at) for digest, one in by_digest.items() if digest not in known
        ]
        if new:
            self._connection.execute(insert(purges), new)
        due_by_digest = {digest: by_digest[digest].due_at for digest in known}
        for due in set(due_by_digest.values()):
            self._bring_forward([d for d, at in due_by_digest.items() if at == due], due)

    def take_over(self, keys: Collection[str]) -> None:
        """The reason of these is the erasure of a person from now on, whatever it was."""
        for some in chunks(sorted({key_digest(key) for key in keys}), _AT_ONCE):
            wanted = update(purges).where(_P.key_digest.in_(some))
            self._connection.execute(wanted.values(reason=str(PurgeReason.ERASURE)))

    def of_tickets(self, ticket_ids: Collection[int], *, after_id: int, limit: int) -> list[Purge]:
        """The next ones of these tickets, due or not, by id."""
        query = select(purges).where(_P.ticket_id.in_(ticket_ids), _P.id > after_id)
        return self._read(query.order_by(_P.id).limit(limit))

    def of_erasures(self, *, after_id: int, limit: int) -> list[Purge]:
        """The next ones whose reason is the erasure of a person, by id."""
        wanted = (_P.reason == str(PurgeReason.ERASURE), _P.id > after_id)
        return self._read(select(purges).where(*wanted).order_by(_P.id).limit(limit))

    def due(self, moment: datetime, *, after_id: int, limit: int) -> list[Purge]:
        """The next ones whose time has come, in id order."""
        query = select(purges).where(_P.due_at <= moment, _P.id > after_id)
        return self._read(query.order_by(_P.id).limit(limit))

    def count_due(self, moment: datetime, *, after_id: int = 0) -> int:
        """How many are due."""
        query = select(func.count()).where(_P.due_at <= moment, _P.id > after_id)
        return int(self._connection.execute(query).scalar_one())

    def claim(self, ids: Collection[int], *, at: datetime) -> None:
        """From now on their objects are being removed: no upload takes these keys."""
        self._set(ids, claimed_at=at, run_id=self._run_id)

    def failed(self, purge_id: int, error: str) -> None:
        """It could not be done; it stays claimed, because a part of it may be gone."""
        self._set([purge_id], attempts=_P.attempts + 1, last_error=error[:_LONGEST_ERROR])

    def drop(self, ids: Collection[int]) -> None:
        """They are done, or no longer wanted."""
        if ids:
            self._connection.execute(delete(purges).where(_P.id.in_(ids)))

    def claimed(self, keys: Collection[str]) -> set[str]:
        """Those of these keys that are being removed."""
        return self._wanted(keys, _P.claimed_at.is_not(None))

    def wanted(self, keys: Collection[str]) -> set[str]:
        """Those of these keys that shall go."""
        return self._wanted(keys)

    def cancel(self, keys: Collection[str]) -> None:
        """The keys are named by a record again: they shall not go.

        An orphan of which nobody knows yet whether it is hidden stays on the list, by which the
        next cleanup shows it again: its run may have died right behind hiding it.
        """
        digests = [key_digest(key) for key in keys]
        is_settled = or_(_P.reason != str(PurgeReason.ORPHAN), _P.hidden_at.is_not(None))
        if digests:
            self._connection.execute(delete(purges).where(_P.key_digest.in_(digests), is_settled))

    def _read(self, query: Select[Any]) -> list[Purge]:
        rows = self._connection.execute(query).mappings()
        return [Purge(**{name: row[name] for name in Purge.__slots__}) for row in rows]

    def _wanted(self, keys: Collection[str], *also: Any) -> set[str]:
        digests = {key_digest(key): key for key in keys}
        if not digests:
            return set()
        query = select(_P.key_digest).where(_P.key_digest.in_(digests), *also)
        return {digests[found] for found in self._connection.execute(query).scalars()}

    def _bring_forward(self, digests: Collection[str], moment: datetime) -> None:
        due = literal(moment, _P.due_at.type)
        sooner = case((_P.due_at > due, due), else_=_P.due_at)
        wanted = update(purges).where(_P.key_digest.in_(digests))
        self._connection.execute(wanted.values(due_at=sooner))

    def _set(self, ids: Collection[int], **values: Any) -> None:
        self._connection.execute(update(purges).where(_P.id.in_(ids)).values(**values))

    def _row(self, digest: str, one: PurgeRequest, at: datetime) -> dict[str, Any]:
        return {
            "key_digest": digest,
            "object_key": one.key,
            "reason": str(one.reason),
            "ticket_id": one.ticket_id,
            "size_bytes": one.size_bytes,
            "due_at": one.due_at,
            "hidden_at": one.hidden_at,
            "run_id": self._run_id,
            "created_at": at,
        }
