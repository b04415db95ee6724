"""How much there is of one person in the database, place by place (for `gdpr find`)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    false,
    func,
    not_,
    or_,
    select,
    true,
)

from savctl.persistence.paging import pages
from savctl.persistence.schema.tables import (
    archive_copies,
    archived_files,
    archived_tickets,
    audit,
    cache,
    idempotency,
    jobs,
    outbox,
    support_tickets,
    ticket_attachments,
    ticket_messages,
    users,
    vips,
)
from savctl.persistence.visibility import seen_files

_T, _M, _A = support_tickets.c, ticket_messages.c, ticket_attachments.c
_I = archived_tickets.c
_PAGE = 1000


class PersonCounts:
    """One person as a connection sees them; every answer is a count."""

    def __init__(self, connection: Connection, user_id: int) -> None:
        self._connection = connection
        self._id = user_id

    def tickets(self) -> int:
        """Their tickets."""
        return self._count(select(func.count()).where(_T.user_id == self._id))

    def messages(self, *, own: bool) -> int:
        """What they wrote as a customer, on their own tickets or on those of others."""
        whose = _T.user_id == self._id if own else _T.user_id != self._id
        return self._count(self._joined(func.count()).where(self._is_theirs(), whose))

    def answers(self, *, internal: bool) -> int:
        """What agents wrote on their tickets."""
        kind = true() if internal else false()
        found = self._joined(func.count()).where(
            _T.user_id == self._id, _M.sender_type == "agent", _M.is_internal == kind
        )
        return self._count(found)

    def messages_of_others(self) -> int:
        """What other customers wrote on their tickets: it came with a merge."""
        found = self._joined(func.count()).where(
            _T.user_id == self._id, _M.sender_type == "customer", _M.sender_id != self._id
        )
        return self._count(found)

    def attachments(self) -> tuple[int, int]:
        """Files on their tickets: records, bytes."""
        sums = select(func.count(), func.coalesce(func.sum(_A.file_size), 0))
        seen = seen_files(self._connection)
        return self._sums(sums.where(_A.ticket_id.in_(self._own()), *seen))

    def attachments_elsewhere(self) -> tuple[int, int]:
        """Files on what they wrote on others' tickets: records, bytes."""
        sums = self._joined(func.count(), func.coalesce(func.sum(_A.file_size), 0))
        sums = sums.join(ticket_attachments, _A.message_id == _M.id)
        return self._sums(sums.where(self._is_theirs(), _T.user_id != self._id))

    def user_rows(self) -> int:
        """The copy of the auth service's user."""
        return self._count(select(func.count()).where(users.c.id == self._id))

    def vip_rows(self) -> int:
        """The mark of a VIP."""
        return self._count(select(func.count()).where(vips.c.user_id == self._id))

    def rows_of_tickets(self, table: Table) -> int:
        """Rows of an own table that name one of their tickets, archived ones as well."""
        return self._count(select(func.count()).where(self._is_of_theirs(table.c.ticket_id)))

    def events_elsewhere(self) -> int:
        """Events of others' tickets about what they wrote there."""
        sender = f'"sender_id": {self._id}, "sender_type": "customer"'
        found = select(func.count()).where(
            outbox.c.event == "MessageAdded",
            outbox.c.envelope.contains(sender, autoescape=True),
            not_(self._is_of_theirs(outbox.c.ticket_id)),
        )
        return self._count(found)

    def audit_entries(self) -> int:
        """Entries about their tickets, about them, or about what they did."""
        return self._count(select(func.count()).where(self._is_audited()))

    def exports(self) -> int:
        """Files with their data that were made for somebody, as far as the audit knows."""
        query = select(audit.c.entry).where(
            audit.c.action == "export",
            audit.c.entry.contains(f'"user_id": {self._id}', autoescape=True),
        )
        return sum(self._is_about(json.loads(e)) for e in self._connection.scalars(query))

    def answers_kept(self) -> int:
        """Answers kept by idempotency key that hold a message or a ticket of theirs."""
        return sum(self._of_person(page) for page in self._kept_answers())

    def as_agent(self) -> tuple[int, int]:
        """What there is of them as an agent: tickets they hold, messages they wrote."""
        held = self._count(select(func.count()).where(_T.assigned_to == self._id))
        wrote = select(func.count()).where(_M.sender_id == self._id, _M.sender_type == "agent")
        return held, self._count(wrote)

    def rows_of_other_programs(self) -> int:
        """Rows of the service's queue and cache that hold their e-mail address."""
        query = select(users.c.email).where(users.c.id == self._id)
        email = self._connection.scalar(query)
        if not email:
            return 0
        places = (jobs.c.payload, cache.c.value, cache.c.key)
        counts = (select(func.count()).where(c.contains(email, autoescape=True)) for c in places)
        return sum(map(self._count, counts))

    def archived_tickets(self) -> int:
        """Their tickets in the archive."""
        return self._count(select(func.count()).where(_I.user_id == self._id))

    def archived_messages(self) -> int:
        """Messages on those, of whoever."""
        total = select(func.coalesce(func.sum(_I.messages), 0)).where(_I.user_id == self._id)
        return self._count(total)

    def archived_files(self) -> tuple[int, int]:
        """Files on those: records, bytes."""
        f = archived_files.c
        sums = select(func.count(), func.coalesce(func.sum(f.size_bytes), 0))
        return self._sums(sums.where(f.ticket_id.in_(self._archived())))

    def archive_copies(self) -> int:
        """Copies of their tickets in bundles in which they are not archived (docs/archive.md)."""
        return self._count(select(func.count()).where(archive_copies.c.user_id == self._id))

    def _own(self) -> Select[Any]:
        return select(_T.id).where(_T.user_id == self._id)

    def _archived(self) -> Select[Any]:
        return select(_I.ticket_id).where(_I.user_id == self._id)

    def _is_of_theirs(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether a column names one of their tickets, here or in the archive."""
        return or_(column.in_(self._own()), column.in_(self._archived()))

    def _joined(self, *columns: ColumnElement[Any]) -> Select[Any]:
        """Messages with their tickets."""
        return select(*columns).select_from(
            ticket_messages.join(support_tickets, _M.ticket_id == _T.id)
        )

    def _is_theirs(self) -> ColumnElement[bool]:
        return and_(_M.sender_id == self._id, _M.sender_type == "customer")

    def _is_audited(self) -> ColumnElement[bool]:
        named = f'"user_id": {self._id}'
        about = or_(
            audit.c.entry.contains(f"{named},", autoescape=True),
            audit.c.entry.contains(f"{named}}}", autoescape=True),
        )
        return or_(
            self._is_of_theirs(audit.c.ticket_id),
            audit.c.actor == self._id,
            and_(audit.c.ticket_id.is_(None), about),
        )

    def _is_about(self, details: dict[str, Any]) -> bool:
        filters = details.get("filters")
        asked = filters.get("user_id") if isinstance(filters, dict) else None
        return self._id in {details.get("user_id"), asked}

    def _kept_answers(self) -> Iterator[Sequence[Any]]:
        query = select(idempotency).order_by(idempotency.c.key)

        def read(after: str, count: int) -> list[Any]:
            rows = self._connection.execute(query.where(idempotency.c.key > after).limit(count))
            return list(rows)

        return pages(read, lambda row: row.key, after="", size=_PAGE)

    def _of_person(self, page: Sequence[Any]) -> int:
        answers = [(row.command, json.loads(row.answer)) for row in page]
        named = [tickets_in(command, answer) for command, answer in answers]
        wanted = set[int]().union(*named)
        own: set[int] = set()
        if wanted:
            here = select(_T.id).where(_T.id.in_(wanted), _T.user_id == self._id)
            there = self._archived().where(_I.ticket_id.in_(wanted))
            own = {*self._connection.scalars(here), *self._connection.scalars(there)}
        senders = [a.get("sender_id") if isinstance(a, dict) else None for _, a in answers]
        return sum(
            not own.isdisjoint(tickets) or sender == self._id
            for tickets, sender in zip(named, senders, strict=True)
        )

    def _count(self, query: Select[Any]) -> int:
        return int(self._connection.execute(query).scalar_one())

    def _sums(self, query: Select[Any]) -> tuple[int, int]:
        rows, size = self._connection.execute(query).one()
        return int(rows), int(size)


def tickets_in(command: str, answer: Any) -> set[int]:
    """The tickets that a kept answer is about; of a merge those that were merged."""
    if not isinstance(answer, dict):
        return set()
    sources = answer.get("sources")
    merged = sources if isinstance(sources, list) else []
    found = [source.get("id") for source in merged if isinstance(source, dict)]
    found.append(answer.get("ticket_id"))
    if command.startswith("ticket "):
        found.append(answer.get("id"))
    return {ticket_id for ticket_id in found if isinstance(ticket_id, int)}
