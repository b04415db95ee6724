"""Ticket rows: locked before any change, written one by one or a batch at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Dialect,
    Select,
    bindparam,
    insert,
    select,
    update,
)

from savctl.domain.encryption.codec import MetadataCodec
from savctl.domain.model.metadata import EMPTY
from savctl.domain.model.priority import Priority, level_of
from savctl.domain.model.states import Status, status_of
from savctl.domain.model.ticket import FIXED_COLUMNS, TICKET_COLUMNS, Ticket
from savctl.errors import NotFound
from savctl.persistence.alike import update_alike
from savctl.persistence.bulk import (
    changed_columns,
    delete_in,
    insert_tickets,
    rows_in,
    update_tickets,
)
from savctl.persistence.connections.cluster import is_cluster
from savctl.persistence.noted_tickets import note_changed
from savctl.persistence.schema.tables import (
    archived_tickets,
    support_tickets,
    ticket_attachments,
    ticket_messages,
)
from savctl.persistence.sql import id_list
from savctl.persistence.tickets.guarded_rows import guarded_rows
from savctl.persistence.tickets.references import resolved
from savctl.persistence.tickets.written_tickets import write_rows_of
from savctl.persistence.types import UtcDateTime, instant_of, metadata_of
from savctl.persistence.visibility import requester_on, seen_archived, seen_tickets

_T = support_tickets.c

# What a decision may change; the rest of the row is never written again.
_MUTABLE = tuple(name for name in TICKET_COLUMNS if name not in FIXED_COLUMNS)

# Words may be long, and whoever counts or closes does not need them; an empty one would still come
# over the network.
_NO_WORDS = {"subject": "", "description": ""}
WORDLESS = tuple(name for name in TICKET_COLUMNS if name not in _NO_WORDS)
_TIMES = tuple(name for name in TICKET_COLUMNS if isinstance(_T[name].type, UtcDateTime))

# Made once: to make such a query takes longer than the server needs to answer it.
_BY_ID = select(support_tickets).where(_T.id == bindparam("ref"))
_BY_NUMBER = select(support_tickets).where(_T.ticket_number == bindparam("ref"))
_BY_IDS = (
    select(support_tickets).where(_T.id.in_(bindparam("ids", expanding=True))).order_by(_T.id)
)
_LOCKED_BY_ID, _LOCKED_BY_NUMBER = _BY_ID.with_for_update(), _BY_NUMBER.with_for_update()
_INSERT = insert(support_tickets)
_SAVE = update(support_tickets).where(_T.id == bindparam("ref"))


@dataclass(frozen=True, slots=True)
class NamedTicket:
    """A ticket that a reference names, and whose it is; it may be archived."""

    id: int
    number: str
    user_id: int


class Tickets:
    """The tickets of one transaction; every write passes the codec (rules 13.1)."""

    def __init__(self, connection: Connection, codec: MetadataCodec | None = None) -> None:
        self._connection = connection
        self._codec = codec or MetadataCodec()
        self._locked: dict[int, Ticket] = {}
        self._kept_out: set[int] = set()

    def lock(self, ref: str | int) -> Ticket:
        """The ticket of this number or id, locked until the transaction ends.

        Raises:
            NotFound: no such ticket.
        AmbiguousReference: digits are the number of one ticket and the id of another.
        """
        ref = resolved(self._connection, ref)
        ticket = self._one(_LOCKED_BY_ID if isinstance(ref, int) else _LOCKED_BY_NUMBER, ref)
        self._locked[ticket.id] = ticket
        self.keep_others_out([ticket.id])
        return ticket

    def lock_all(self, refs: Sequence[str | int]) -> list[Ticket]:
        """The tickets of these numbers or ids, locked in id order; answered in the order asked.

        Raises:
            NotFound: one of them is not there.
        """
        refs = [resolved(self._connection, ref) for ref in refs]
        ids: dict[str | int, int] = {ref: ref for ref in refs if isinstance(ref, int)}
        ids |= self._ids_of([ref for ref in refs if isinstance(ref, str)])
        locked = {ticket.id: ticket for ticket in self.lock_many(set(ids.values()))}
        for ref in refs:
            if ids.get(ref, 0) not in locked:
                raise _not_there(self._connection, ref)
        return [locked[ids[ref]] for ref in refs]

    def get(self, ref: str | int) -> Ticket:
        """The ticket of this number or id, as it stands, not locked.

        Raises:
            NotFound: no such ticket.
        AmbiguousReference: digits are the number of one ticket and the id of another.
        """
        ref = resolved(self._connection, ref)
        return self._one(_BY_ID if isinstance(ref, int) else _BY_NUMBER, ref)

    def named(self, ref: str | int) -> NamedTicket:
        """Which ticket this number or id names; it may be archived.

        Raises:
            NotFound: no such ticket.
            AmbiguousReference: digits are the number of one ticket and the id of another.
        """
        ref = resolved(self._connection, ref)
        t, a = support_tickets.c, archived_tickets.c
        is_it = t.id == ref if isinstance(ref, int) else t.ticket_number == ref
        seen, kept = seen_tickets(self._connection), seen_archived(self._connection)
        hot = select(t.id, t.ticket_number, t.user_id).where(is_it, *seen)
        cold = select(a.ticket_id, a.ticket_number, a.user_id).where(_is_archived(ref), *kept)
        for query in (hot, cold):
            if (row := self._connection.execute(query).first()) is not None:
                return NamedTicket(*row)
        raise _not_there(self._connection, ref)

    def lock_many(
        self, ids: Iterable[int], *, skip_locked: bool = False, has_words: bool = True
    ) -> list[Ticket]:
        """These tickets, locked in id order; those that are gone are left out.

        With `skip_locked` also those that somebody else holds locked, instead of waiting. It is
        for batches, which look at many and change few: what they change without recording it
        as a decision, they name to `keep_others_out`. Without `has_words` subject and
        description come empty: they are the longest columns, and few rules ask for them.
        """
        found = locked_tickets(
            self._connection, sorted(ids), skip_locked=skip_locked, has_words=has_words
        )
        self._locked |= {ticket.id: ticket for ticket in found}
        if not skip_locked:
            self.keep_others_out([ticket.id for ticket in found])
        return found

    def lock_guarded(self, ids: Iterable[int]) -> dict[int, tuple[str | None, Ticket]]:
        """These tickets, locked in id order, each behind the digest of its whole row.

        Subject and description come empty. A digest is None where the server has none.
        """
        connection = self._connection
        seen = seen_tickets(connection)
        rows = guarded_rows(connection, WORDLESS, sorted(ids), seen, locks=True)
        found: dict[int, tuple[str | None, Ticket]] = {}
        for row in rows:
            ticket = driver_ticket(row[:-1], connection.dialect, has_words=False)
            self._locked[ticket.id] = ticket
            found[ticket.id] = row[-1], ticket
        self.keep_others_out(found)
        return found

    def keep_others_out(self, ids: Iterable[int]) -> None:
        """Have nobody change these locked tickets on another node of a cluster meanwhile."""
        if is_cluster(self._connection) and (new := set(ids) - self._kept_out):
            write_rows_of(self._connection, new)
            self._kept_out |= new

    def numbers_of(self, ids: Sequence[int]) -> dict[int, str]:
        """The numbers of those of these tickets that exist, not locked."""
        if not ids:
            return {}
        rows = rows_in(self._connection, support_tickets, ("id", "ticket_number"), ids)
        return {row[0]: row[1] for row in rows}

    def reserve_id(self, ticket: Ticket) -> int:
        """An id that no other ticket gets any more: for a ticket like this, stored later.

        The row is gone again in the same transaction, and ids never come back.
        """
        reserved = self.insert(ticket.changed(metadata=EMPTY))
        delete_in(self._connection, support_tickets, "id", [reserved])
        return reserved

    def insert(self, ticket: Ticket) -> int:
        """Store a new ticket and answer its id: the one it has, or a new one."""
        bare = self._bare(ticket)
        values = _values(bare, TICKET_COLUMNS if ticket.id else TICKET_COLUMNS[1:])
        made = new_id(self._connection.execute(_INSERT, values))
        note_changed(self._connection, [made])
        self._add_encrypted([(bare.changed(id=made), ticket.changed(id=made))])
        return made

    def insert_many(self, tickets: Sequence[Ticket]) -> list[int]:
        """Store new tickets and answer their ids, in the same order."""
        if not tickets:
            return []
        bare = [self._bare(ticket) for ticket in tickets]
        ids = insert_tickets(self._connection, bare)
        made = zip(ids, bare, tickets, strict=True)
        self._add_encrypted([(b.changed(id=i), t.changed(id=i)) for i, b, t in made if b is not t])
        return ids

    def numbers_taken(self, numbers: Collection[str]) -> set[str]:
        """Those of these ticket numbers that exist, in lower case: case does not count."""
        if not numbers:
            return set()
        found = rows_in(self._connection, support_tickets, ("ticket_number",), list(numbers))
        keys = [number.lower() for number in numbers]
        archived = rows_in(self._connection, archived_tickets, ("number_key",), keys)
        return {row[0].lower() for row in (*found, *archived)}

    def is_empty(self) -> bool:
        """Whether there is no ticket at all."""
        return self._connection.execute(select(_T.id).limit(1)).first() is None

    def save(self, ticket: Ticket) -> None:
        """Write a locked ticket back: the columns that differ from what was locked.

        The others may hold what only their writer's server takes, such as a zero date.
        """
        before = self._locked.get(ticket.id)
        ticket = self._encrypted(ticket, before)
        values = _values(ticket)
        if before is not None:
            values = {n: values[n] for n in changed_columns(before, ticket, _MUTABLE)}
            self._locked[ticket.id] = ticket
        if values:
            self._connection.execute(_SAVE, {"ref": ticket.id, **values})
            note_changed(self._connection, [ticket.id])

    def save_many(self, changes: Sequence[tuple[Ticket, Ticket]]) -> None:
        """Write a batch of locked tickets back (before, after) with a few statements."""
        encrypted = [(before, self._encrypted(after, before)) for before, after in changes]
        left = update_alike(self._connection, encrypted, _MUTABLE)
        update_tickets(self._connection, left, _MUTABLE)

    def count_same_category(self, user_id: int, category: str) -> int:
        """How many tickets this user has in this category."""
        query = select(_T.id).where(_T.user_id == user_id, _T.category == category)
        return len(self._connection.execute(query).all())

    def _encrypted(self, ticket: Ticket, before: Ticket | None) -> Ticket:
        """The ticket as it is stored; metadata that nobody changed is not looked at."""
        if before is not None and ticket.metadata is before.metadata:
            return ticket
        stored = before.metadata if before is not None else None
        metadata = self._codec.encrypted(ticket.id, ticket.metadata, before=stored)
        return ticket if metadata is ticket.metadata else ticket.changed(metadata=metadata)

    def _bare(self, ticket: Ticket) -> Ticket:
        """A new ticket without what is encrypted for its id, which it does not have yet."""
        metadata = self._codec.without_plain(ticket.metadata)
        return ticket if metadata is ticket.metadata else ticket.changed(metadata=metadata)

    def _add_encrypted(self, made: Sequence[tuple[Ticket, Ticket]]) -> None:
        changes = [(bare, self._encrypted(t, None)) for bare, t in made]
        changes = [(bare, t) for bare, t in changes if t.metadata is not bare.metadata]
        if changes:
            update_tickets(self._connection, changes, ("metadata",))

    def _one(self, query: Select[Any], ref: str | int) -> Ticket:
        row = self._connection.execute(_seen(self._connection, query), {"ref": ref}).first()
        if row is None:
            raise _not_there(self._connection, ref)
        return to_ticket(row)

    def _ids_of(self, numbers: Sequence[str]) -> dict[str | int, int]:
        """The ids of those of these numbers that exist; case does not count."""
        if not numbers:
            return {}
        found = rows_in(self._connection, support_tickets, ("ticket_number", "id"), numbers)
        ids = {row[0].lower(): row[1] for row in found}
        return {number: ids[number.lower()] for number in numbers if number.lower() in ids}


def _seen(connection: Connection, query: Select[Any]) -> Select[Any]:
    """The query, narrowed to what the user of a token sees."""
    conditions = seen_tickets(connection)
    return query.where(*conditions) if conditions else query


def _not_there(connection: Connection, ref: str | int) -> NotFound:
    """What is archived is named as such to those alone who may read the archive."""
    number = None if requester_on(connection) else archived_number(connection, ref)
    if number is None:
        return NotFound(
            f"no ticket {ref}",
            hint="Run 'savctl ticket list' to list tickets.",
            ticket=str(ref),
        )
    return NotFound(
        f"{number} is archived",
        hint=f"savctl archive show {number} reads it; savctl archive restore {number} "
        "brings it back.",
        ticket=str(ref),
        is_archived=True,
    )


def delete_tickets(connection: Connection, ids: Sequence[int]) -> None:
    """Delete locked tickets with their messages and attachment records, cascade or not."""
    delete_in(connection, ticket_attachments, "ticket_id", ids)
    delete_in(connection, ticket_messages, "ticket_id", ids)
    delete_in(connection, support_tickets, "id", ids)


def new_id(result: CursorResult[Any]) -> int:
    """The id the database gave the row just inserted."""
    key = result.inserted_primary_key
    if key is None:
        raise RuntimeError("the insert answered no id")
    return int(key[0])


def archived_number(connection: Connection, ref: str | int) -> str | None:
    """The number of an archived ticket, by number (any case) or id; None when it is not."""
    query = select(archived_tickets.c.ticket_number).where(_is_archived(ref))
    return connection.execute(query).scalar()


def _is_archived(ref: str | int) -> ColumnElement[bool]:
    known = archived_tickets.c
    return known.ticket_id == ref if isinstance(ref, int) else known.number_key == ref.lower()


def locked_tickets(
    connection: Connection, ids: Sequence[int], *, skip_locked: bool, has_words: bool
) -> list[Ticket]:
    """These tickets, locked in id order, in one statement that is not compiled anew."""
    if not ids:
        return []
    if seen_tickets(connection):
        narrowed = _seen(connection, _BY_IDS).with_for_update(skip_locked=skip_locked)
        return [to_ticket(row) for row in connection.execute(narrowed, {"ids": ids})]
    names = TICKET_COLUMNS if has_words else WORDLESS
    rows = locked_rows(connection, names, ids, skip_locked=skip_locked)
    return [driver_ticket(row, connection.dialect, has_words=has_words) for row in rows]


def locked_rows(
    connection: Connection, names: Sequence[str], ids: Sequence[int], *, skip_locked: bool
) -> Sequence[Sequence[Any]]:
    """Columns of these tickets, locked in id order, in the driver's own words.

    SQLAlchemy would compile it for each number of ids, and look at each id and each value.
    """
    lock = " FOR UPDATE" + " SKIP LOCKED" * skip_locked
    query = (
        f"SELECT {', '.join(names)} FROM support_tickets "  # noqa: S608
        f"WHERE id IN ({id_list(ids)}) "
        f"ORDER BY id{'' if connection.dialect.name == 'sqlite' else lock}"
    )
    return connection.exec_driver_sql(query).cursor.fetchall()


def driver_ticket(row: Sequence[Any], dialect: Dialect, *, has_words: bool) -> Ticket:
    """A row of support_tickets as the driver has it, whole or without its words."""
    values: dict[str, Any] = dict(zip(TICKET_COLUMNS if has_words else WORDLESS, row, strict=True))
    if not has_words:
        values.update(_NO_WORDS)
    values["metadata"] = metadata_of(values["metadata"])
    for name in _TIMES:
        values[name] = instant_of(values[name], dialect)
    return _ticket(values)


def to_ticket(row: Iterable[Any]) -> Ticket:
    """A full row of support_tickets, in the order of its columns, as a value."""
    return _ticket(dict(zip(TICKET_COLUMNS, row, strict=True)))


def _ticket(values: dict[str, Any]) -> Ticket:
    level, status = values["priority"], values["status"]
    values["priority"] = level_of(level) or Priority.stored(level)
    values["status"] = status_of(status) or Status.stored(status)
    return Ticket(**values)


def _values(ticket: Ticket, names: Sequence[str] = _MUTABLE) -> dict[str, Any]:
    return {name: getattr(ticket, name) for name in names}
