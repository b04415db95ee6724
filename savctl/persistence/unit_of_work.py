"""One transaction, and the one gate through which a decision is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from savctl.domain.encryption.codec import MetadataCodec
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.decision import Decision
from savctl.domain.tickets.escalation import needs_a_look
from savctl.persistence.audit import Audit, Audited
from savctl.persistence.engine import Database
from savctl.persistence.events.outbox import Outbox
from savctl.persistence.files.attachments import Attachments
from savctl.persistence.files.purge_queue import Purges
from savctl.persistence.files.uploads import UploadRecords
from savctl.persistence.idempotency import Answers
from savctl.persistence.people.users import Users
from savctl.persistence.people.vips import Vips
from savctl.persistence.sla.breaches import Ledger
from savctl.persistence.sla.scheduled_checks import ScheduledChecks
from savctl.persistence.tickets.imports import Imports
from savctl.persistence.tickets.messages import Messages
from savctl.persistence.tickets.moves import Moves
from savctl.persistence.tickets.ticket_times import latest_of_tickets
from savctl.persistence.tickets.tickets import Tickets

T = TypeVar("T")


class Fence(Protocol):
    """What a job's transactions must pass before they commit: its lease still holds."""

    run_id: int | None

    def check(self, connection: Connection) -> None:
        """Raise when another host has taken over."""

    def committed(self) -> None:
        """The transaction in which it was checked was committed."""

    def require_held(self) -> None:
        """Raise when another host may have taken over, without asking the database."""


class UnitOfWork:
    """The rows of one transaction, by subject."""

    def __init__(
        self,
        connection: Connection,
        *,
        run_id: int | None = None,
        codec: MetadataCodec | None = None,
    ) -> None:
        self.connection = connection
        self._run_id = run_id
        self._codec = codec

    @cached_property
    def tickets(self) -> Tickets:
        """Ticket rows."""
        return Tickets(self.connection, self._codec)

    @cached_property
    def messages(self) -> Messages:
        """Message rows."""
        return Messages(self.connection)

    @cached_property
    def attachments(self) -> Attachments:
        """Records of attached files."""
        return Attachments(self.connection)

    @cached_property
    def uploads(self) -> UploadRecords:
        """Uploads under way."""
        return UploadRecords(self.connection)

    @cached_property
    def purges(self) -> Purges:
        """Objects that are to go for good."""
        return Purges(self.connection, run_id=self._run_id)

    @cached_property
    def moves(self) -> Moves:
        """Messages and files that change their ticket."""
        return Moves(self.connection)

    @cached_property
    def audit(self) -> Audit:
        """The audit."""
        return Audit(self.connection, run_id=self._run_id)

    @cached_property
    def outbox(self) -> Outbox:
        """Events to be sent."""
        return Outbox(self.connection)

    @cached_property
    def alarms(self) -> ScheduledChecks:
        """When the SLA scan looks at tickets."""
        return ScheduledChecks(self.connection)

    @cached_property
    def breaches(self) -> Ledger:
        """The ledger of SLA breaches."""
        return Ledger(self.connection, run_id=self._run_id)

    @cached_property
    def users(self) -> Users:
        """The copy of the auth service's users."""
        return Users(self.connection)

    @cached_property
    def vips(self) -> Vips:
        """Customers whose new tickets start one level higher."""
        return Vips(self.connection)

    @cached_property
    def answers(self) -> Answers:
        """Answers kept by idempotency key."""
        return Answers(self.connection)

    @cached_property
    def imports(self) -> Imports:
        """Rows of foreign files that are here already."""
        return Imports(self.connection)

    def moment(self, now: datetime, *tickets: Ticket) -> datetime:
        """The time of a change of locked tickets that is made now.

        Never before a time that stands on one of them already, its messages and files included:
        clocks of hosts differ a little (rules 20.9).
        """
        times = [ticket.moment(now) for ticket in tickets]
        newest = latest_of_tickets(self.connection, [ticket.id for ticket in tickets])
        return max(now, *times, newest or now)

    def record(self, decision: Decision) -> Ticket:
        """Write a change with its history, audit and events; the ticket is locked."""
        if decision.is_change:
            self.tickets.keep_others_out([decision.ticket.id])
            self.tickets.save(decision.ticket)
            self._leave_traces([decision])
        return decision.ticket

    def record_new(self, decision: Decision) -> Ticket:
        """Write a new ticket with its traces and answer it with its id."""
        numbered = decision.with_id(self.tickets.insert(decision.ticket))
        self._leave_traces([numbered])
        return numbered.ticket

    def record_new_many(self, decisions: Sequence[Decision]) -> list[int]:
        """Write new tickets with their traces, set-wise, and answer their ids."""
        ids = self.tickets.insert_many([decision.ticket for decision in decisions])
        made = list(zip(decisions, ids, strict=True))
        self.audit.append(Audited(ticket_id, e) for d, ticket_id in made for e in d.entries)
        numbered = ((d.with_id(ticket_id), d.at) for d, ticket_id in made if d.events)
        self.outbox.append((event, at) for d, at in numbered for event in d.events)
        self._ring((ticket_id, d) for d, ticket_id in made)
        return ids

    def record_many(self, changes: Sequence[tuple[Ticket, Decision]]) -> None:
        """Write a batch of changes of locked tickets (before, decision), set-wise.

        A ticket may come several times, each decision made on the one before it.
        """
        real = [(before, decision) for before, decision in changes if decision.is_change]
        net: dict[int, tuple[Ticket, Ticket]] = {}
        for before, decision in real:
            first, _ = net.get(before.id, (before, before))
            net[before.id] = (first, decision.ticket)
        self.tickets.keep_others_out(net)
        self.tickets.save_many(list(net.values()))
        self._leave_traces([decision for _, decision in real])

    def _leave_traces(self, decisions: Sequence[Decision]) -> None:
        entries = (Audited(d.ticket.id, entry) for d in decisions for entry in d.entries)
        self.audit.append_to_locked(entries)
        self.outbox.append((event, d.at) for d in decisions for event in d.events)
        self.breaches.append((d.ticket.id, breach) for d in decisions for breach in d.breaches)
        self._ring((d.ticket.id, d) for d in decisions)

    def _ring(self, made: Iterable[tuple[int, Decision]]) -> None:
        """Have the next SLA scan look at what may have come closer to its breach."""
        self.alarms.schedule_now((ticket_id, d.at) for ticket_id, d in made if needs_a_look(d))


def in_transaction(
    database: Database,
    work: Callable[[UnitOfWork], T],
    *,
    dry_run: bool = False,
    fence: Fence | None = None,
    conflicts: int | None = None,
) -> T:
    """Run `work` as one transaction that is repeated on contention.

    With a fence, the lease is checked last, inside the same transaction: a job that was paused
    past its lease cannot commit. `conflicts`: after so many conflicts with other writers it is
    given up; by default as after any other failure.
    """

    def fenced(connection: Connection) -> T:
        run_id = fence.run_id if fence else None
        answer = work(UnitOfWork(connection, run_id=run_id, codec=database.codec))
        if fence is not None:
            fence.check(connection)
        return answer

    answer = database.transaction(fenced, dry_run=dry_run, conflicts=conflicts)
    if fence is not None:
        fence.committed()
    return answer
