"""The bundles of the archive and what is in them: rows of one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, delete, exists, insert, literal, select, update

from savctl.persistence.bulk import insert_rows
from savctl.persistence.jobs.runs import RunStatus
from savctl.persistence.schema.tables import (
    archive_bundles,
    archive_copies,
    archived_tickets,
    runs,
    support_tickets,
)
from savctl.persistence.sql import chunks
from savctl.persistence.tickets.tickets import new_id

_B, _C = archive_bundles.c, archive_copies.c
_AT_ONCE = 1_000


class State(StrEnum):
    """How far a bundle is (rules 9.1)."""

    PLANNED = "planned"  # its tickets are named; the object may be there or not
    WRITTEN = "written"  # the object is whole
    VERIFIED = "verified"  # it was read back and is what was written
    DONE = "done"  # the rows are deleted; it is the only place of its tickets
    OBSOLETE = "obsolete"  # nothing in it counts any more; the object is to be purged


IN_FORCE = frozenset((State.VERIFIED, State.DONE))  # tickets may have no other place


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle: one object in cold storage, and what it holds."""

    id: int
    key: str
    state: State
    replaces: int | None = None
    sha256: str | None = None
    size_bytes: int = 0
    raw_bytes: int = 0
    tickets: int = 0
    messages: int = 0
    attachments: int = 0
    planned_at: datetime
    run_id: int | None = None


def named_bundles(connection: Connection, keys: Collection[str]) -> set[str]:
    """Those of these keys that are bundles of this database, in whatever state."""
    found: set[str] = set()
    for some in chunks(sorted(keys), _AT_ONCE):
        query = select(_B.object_key).where(_B.object_key.in_(some))
        found |= set(connection.execute(query).scalars())
    return found & set(keys)


def plan(
    connection: Connection,
    key: str,
    ticket_ids: Sequence[int],
    *,
    at: datetime,
    run_id: int | None,
    replaces: int | None = None,
) -> Bundle:
    """Name a new bundle and the tickets that are to be in it, hot or archived ones."""
    values: dict[str, Any] = {"object_key": key, "planned_at": at, "replaces": replaces}
    result = connection.execute(
        insert(archive_bundles).values(state=str(State.PLANNED), run_id=run_id, **values)
    )
    bundle_id = new_id(result)
    source = support_tickets.c.id, support_tickets.c.user_id
    if replaces is not None:
        source = archived_tickets.c.ticket_id, archived_tickets.c.user_id
    named = select(literal(bundle_id), *source).where(source[0].in_(list(ticket_ids)))
    columns = ("bundle_id", "ticket_id", "user_id")
    connection.execute(insert(archive_copies).from_select(columns, named))
    return Bundle(
        id=bundle_id, key=key, state=State.PLANNED, replaces=replaces, planned_at=at, run_id=run_id
    )


def find(connection: Connection, bundle_id: int, *, lock: bool = False) -> Bundle | None:
    """A bundle as it stands."""
    query = select(archive_bundles).where(_B.id == bundle_id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return _bundle(row) if row else None


def get(connection: Connection, bundle_id: int) -> Bundle:
    """A bundle that is there: its row was written or locked in this transaction."""
    found = find(connection, bundle_id)
    if found is None:
        raise RuntimeError(f"bundle {bundle_id} is gone")
    return found


def change(connection: Connection, bundle_id: int, state: State, **values: Any) -> None:
    """Move a bundle on."""
    wanted = update(archive_bundles).where(_B.id == bundle_id)
    connection.execute(wanted.values(state=str(state), **values))


def forget(connection: Connection, bundle_id: int) -> None:
    """Remove a bundle whose object is gone."""
    connection.execute(delete(archive_copies).where(_C.bundle_id == bundle_id))
    connection.execute(delete(archive_bundles).where(_B.id == bundle_id))


def unfinished(connection: Connection, *, run_id: int | None) -> list[Bundle]:
    """The bundles that are not done and not in the hands of another run that is alive.

    Oldest first; there are never many.
    """
    query = select(archive_bundles).where(_B.state != str(State.DONE)).order_by(_B.id)
    is_alive = select(runs.c.id).where(runs.c.status == str(RunStatus.RUNNING))
    others = set(connection.execute(is_alive).scalars()) - {run_id}
    return [_bundle(row) for row in connection.execute(query) if row.run_id not in others]


def with_leftovers(connection: Connection, *, after_id: int) -> Bundle | None:
    """The next bundle that is done and holds copies of tickets which are not archived in it."""
    query = select(archive_bundles).where(
        _B.state == str(State.DONE), _B.id > after_id, exists().where(_C.bundle_id == _B.id)
    )
    row = connection.execute(query.order_by(_B.id).limit(1)).first()
    return _bundle(row) if row else None


def page(connection: Connection, *, after_id: int, limit: int) -> list[Bundle]:
    """The next bundles in id order."""
    query: Select[Any] = select(archive_bundles).where(_B.id > after_id).order_by(_B.id)
    return [_bundle(row) for row in connection.execute(query.limit(limit))]


def newest(connection: Connection, *, limit: int) -> list[str]:
    """The objects of the newest bundles that are in force."""
    query = select(_B.object_key).where(_B.state.in_(map(str, IN_FORCE))).order_by(_B.id.desc())
    return list(connection.execute(query.limit(limit)).scalars())


def known_keys(connection: Connection, keys: Collection[str]) -> set[str]:
    """Those of these objects that are bundles."""
    query = select(_B.object_key).where(_B.object_key.in_(list(keys)))
    return set(connection.execute(query).scalars())


def add_copies(connection: Connection, bundle_id: int, tickets: Iterable[tuple[int, int]]) -> None:
    """Write down that a bundle holds copies of tickets (id, user id) that live elsewhere."""
    rows = [(bundle_id, ticket_id, user_id) for ticket_id, user_id in tickets]
    insert_rows(connection, archive_copies, ("bundle_id", "ticket_id", "user_id"), rows)


def copies(connection: Connection, bundle_id: int) -> list[int]:
    """The tickets of which a bundle holds, or is to hold, a copy, in id order."""
    query = select(_C.ticket_id).where(_C.bundle_id == bundle_id).order_by(_C.ticket_id)
    return list(connection.execute(query).scalars())


def has_copies(connection: Connection, bundle_id: int) -> bool:
    """Whether a bundle holds copies of tickets that are not archived in it."""
    query = select(_C.ticket_id).where(_C.bundle_id == bundle_id).limit(1)
    return connection.execute(query).first() is not None


def drop_copies(connection: Connection, bundle_id: int, ticket_ids: Sequence[int]) -> None:
    """These copies are archived tickets now, or were never written."""
    if ticket_ids:
        wanted = delete(archive_copies).where(_C.bundle_id == bundle_id)
        connection.execute(wanted.where(_C.ticket_id.in_(list(ticket_ids))))


def _bundle(row: Any) -> Bundle:
    return Bundle(
        id=row.id,
        key=row.object_key,
        state=State(row.state),
        replaces=row.replaces,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        raw_bytes=row.raw_bytes,
        tickets=row.tickets,
        messages=row.messages,
        attachments=row.attachments,
        planned_at=row.planned_at,
        run_id=row.run_id,
    )
