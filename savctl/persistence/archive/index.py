"""Which ticket is archived where: the index that changes with the rows, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, inspect, select, update

from savctl.domain.clock import instant
from savctl.errors import NotFound
from savctl.persistence.archive.ticket_snapshot import TicketSnapshot
from savctl.persistence.bulk import delete_in, insert_rows
from savctl.persistence.engine import Database
from savctl.persistence.paging import pages
from savctl.persistence.schema.tables import archived_files, archived_tickets
from savctl.persistence.sql import chunks, fetched, id_list
from savctl.persistence.tickets.references import resolved
from savctl.persistence.types import time_text

_A, _F = archived_tickets.c, archived_files.c
_PAGE = 1_000
_AT_ONCE = 500  # of more than a thousand MariaDB makes a table, and may read all tickets for it
_COLUMNS = (
    "ticket_id",
    "ticket_number",
    "number_key",
    "user_id",
    "order_id",
    "closed_at",
    "archived_at",
    "bundle_id",
    "line_sha256",
    "messages",
    "attachments",
)
_FILE_COLUMNS = ("attachment_id", "ticket_id", "object_key", "size_bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """An archived ticket, as the index knows it."""

    ticket_id: int
    ticket_number: str
    user_id: int
    order_id: int | None
    closed_at: datetime
    archived_at: datetime
    bundle_id: int
    line_sha256: str
    messages: int
    attachments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFilter:
    """Which archived tickets: by customer, order, and when they were closed (half-open)."""

    user_id: int | None = None
    order_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """As the query has them."""
        if self.user_id is not None:
            yield _A.user_id == self.user_id
        if self.order_id is not None:
            yield _A.order_id == self.order_id
        if self.since is not None:
            yield _A.closed_at >= self.since
        if self.until is not None:
            yield _A.closed_at < self.until


def add(
    connection: Connection,
    bundle_id: int,
    tickets: Sequence[tuple[TicketSnapshot, str]],
    *,
    at: datetime,
) -> None:
    """Enter tickets with the digests of their lines, and the files that they name."""
    now = time_text(at, fsp=6)
    insert_rows(
        connection,
        archived_tickets,
        _COLUMNS,
        [_row(whole, digest, bundle_id, now) for whole, digest in tickets],
    )
    named = [row for whole, _ in tickets for row in whole.attachments]
    rows = [(r["id"], r["ticket_id"], r["file_path"], r["file_size"]) for r in named]
    insert_rows(connection, archived_files, _FILE_COLUMNS, rows)


def remove(connection: Connection, ticket_ids: Sequence[int]) -> None:
    """Take tickets and their files out of the index."""
    delete_in(connection, archived_files, "ticket_id", ticket_ids)
    delete_in(connection, archived_tickets, "ticket_id", ticket_ids)


def move(connection: Connection, from_bundle: int, to_bundle: int, ids: Sequence[int]) -> None:
    """These tickets are in another bundle now."""
    if ids:
        wanted = update(archived_tickets).where(_A.bundle_id == from_bundle)
        connection.execute(wanted.where(_A.ticket_id.in_(list(ids))).values(bundle_id=to_bundle))


def replace(connection: Connection, whole: TicketSnapshot, digest: str) -> None:
    """An archived ticket stands otherwise in its bundle now: its line, whose it is, its files."""
    ticket_id = whole.ticket["id"]
    values = {
        "user_id": whole.ticket["user_id"],
        "order_id": whole.ticket["order_id"],
        "line_sha256": digest,
        "messages": len(whole.messages),
        "attachments": len(whole.attachments),
    }
    connection.execute(update(archived_tickets).where(_A.ticket_id == ticket_id).values(**values))
    delete_in(connection, archived_files, "ticket_id", [ticket_id])
    rows = [(r["id"], r["ticket_id"], r["file_path"], r["file_size"]) for r in whole.attachments]
    insert_rows(connection, archived_files, _FILE_COLUMNS, rows)


def find(connection: Connection, ref: str | int, *, lock: bool = False) -> Archived | None:
    """The archived ticket of this number (in any case) or id."""
    ref = resolved(connection, ref)
    named = _A.ticket_id == ref if isinstance(ref, int) else _A.number_key == ref.lower()
    query = select(archived_tickets).where(named)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return _archived(row) if row else None


def get(connection: Connection, ref: str | int, *, lock: bool = False) -> Archived:
    """The same, which must be there.

    Raises:
        NotFound: no such ticket is archived.
    """
    found = find(connection, ref, lock=lock)
    if found is None:
        raise NotFound(
            f"no ticket {ref} is archived",
            hint="Run 'savctl archive list' for archived tickets.",
            ticket=str(ref),
        )
    return found


def came_back(connection: Connection, ticket_ids: Sequence[int]) -> set[int]:
    """Those of these tickets whose id or number an archived ticket has."""
    exact = "" if connection.dialect.name == "sqlite" else "COLLATE utf8mb4_bin"
    found: set[int] = set()
    for some in chunks(ticket_ids, _AT_ONCE):
        ids = id_list(some)
        query = (
            f"SELECT ticket_id FROM savctl_archived_tickets WHERE ticket_id IN ({ids}) UNION "  # noqa: S608
            "SELECT t.id FROM support_tickets AS t JOIN savctl_archived_tickets AS a "
            f"ON a.number_key = LOWER(t.ticket_number {exact}) WHERE t.id IN ({ids})"
        )
        found |= {row[0] for row in fetched(connection, query)}
    return found


def of_bundle(
    connection: Connection, bundle_id: int, *, lock: bool = False
) -> dict[int, Archived]:
    """The tickets that are archived in a bundle."""
    query = select(archived_tickets).where(_A.bundle_id == bundle_id).order_by(_A.ticket_id)
    rows = connection.execute(query.with_for_update() if lock else query)
    return {row.ticket_id: _archived(row) for row in rows}


def ids_in(connection: Connection, bundle_id: int) -> list[int]:
    """The ids of the tickets that are archived in a bundle."""
    return list(
        connection.execute(select(_A.ticket_id).where(_A.bundle_id == bundle_id)).scalars()
    )


def bundles_closed_by(connection: Connection, moment: datetime) -> list[int]:
    """The bundles that hold archived tickets closed until a moment."""
    query = select(_A.bundle_id).where(_A.closed_at <= moment).distinct()
    return sorted(connection.execute(query).scalars())


def bundles_closed_since(connection: Connection, moment: datetime) -> list[int]:
    """The bundles that hold archived tickets closed at a moment or later."""
    query = select(_A.bundle_id).where(_A.closed_at >= moment).distinct()
    return sorted(connection.execute(query).scalars())


def standing(connection: Connection) -> tuple[int, datetime | None]:
    """How many tickets are archived, and when the last one was: another answer, other tickets."""
    query = select(func.count(), func.max(_A.archived_at))
    count, latest = connection.execute(query).one()
    return int(count), latest


def count_closed_by(connection: Connection, moment: datetime) -> int:
    """How many there are of them."""
    query = select(func.count()).select_from(archived_tickets).where(_A.closed_at <= moment)
    return int(connection.execute(query).scalar_one())


def count(connection: Connection) -> int:
    """How many tickets are archived; none where the schema is too old, or half taken back."""
    if not inspect(connection).has_table(archived_tickets.name):
        return 0
    return int(connection.execute(select(func.count()).select_from(archived_tickets)).scalar_one())


def listing(
    database: Database, wanted: ArchiveFilter, *, after_id: int = 0, limit: int = 0
) -> Iterator[Archived]:
    """Archived tickets in id order; `limit` 0 is no limit. Pages are transactions of their own."""
    query = select(archived_tickets).where(*wanted.conditions()).order_by(_A.ticket_id)

    def read(after: int, count: int) -> Sequence[Row[Any]]:
        with database.reading() as connection:
            return connection.execute(query.where(_A.ticket_id > after).limit(count)).all()

    for page in pages(read, lambda row: row.ticket_id, after=after_id, size=_PAGE, limit=limit):
        yield from map(_archived, page)


def archived_of(connection: Connection, user_id: int) -> list[Archived]:
    """A customer's archived tickets, as this connection sees them."""
    query = select(archived_tickets).where(_A.user_id == user_id).order_by(_A.ticket_id)
    return [_archived(row) for row in connection.execute(query)]


def by_ids(connection: Connection, ids: Sequence[int]) -> list[Archived]:
    """Those of these tickets that are archived."""
    query = select(archived_tickets).where(_A.ticket_id.in_(ids)).order_by(_A.ticket_id)
    return [_archived(row) for row in connection.execute(query)]


def _row(whole: TicketSnapshot, digest: str, bundle_id: int, now: str) -> tuple[Any, ...]:
    ticket = whole.ticket
    closed_at = instant(ticket["closed_at"])
    if closed_at is None:
        raise ValueError(f"{ticket['ticket_number']} has no closed_at")
    return (
        ticket["id"],
        ticket["ticket_number"],
        str(ticket["ticket_number"]).lower(),
        ticket["user_id"],
        ticket["order_id"],
        time_text(closed_at, fsp=6),
        now,
        bundle_id,
        digest,
        len(whole.messages),
        len(whole.attachments),
    )


def _archived(row: Any) -> Archived:
    return Archived(
        ticket_id=row.ticket_id,
        ticket_number=row.ticket_number,
        user_id=row.user_id,
        order_id=row.order_id,
        closed_at=row.closed_at,
        archived_at=row.archived_at,
        bundle_id=row.bundle_id,
        line_sha256=row.line_sha256,
        messages=row.messages,
        attachments=row.attachments,
    )
