"""The reads that the specification sets limits for, each with random keys that are there."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from benchmarks.framework.shop import AGENTS, LONG_EVERY
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.model.ticket_filter import TicketFilter
from savctl.persistence.engine import Database
from savctl.persistence.people import workload
from savctl.persistence.schema.tables import support_tickets
from savctl.persistence.tickets import reads, ticket_lists
from savctl.persistence.tickets.messages import Messages
from savctl.persistence.tickets.tickets import Tickets, to_ticket

PAGE = 51  # fifty, and one more that tells whether there are more
TICKET_MS, LIST_MS, THREAD_MS = 1.0, 10.0, 4.0  # a fifth of the specification's limits

Read = Callable[[], object]
_ALL_BUT_CLOSED = tuple(status for status in Status if status is not Status.CLOSED)


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of read: `draw` answers one of them, ready to be run, with keys drawn by chance.

    `limit_ms` is None where the specification sets no limit; `is_scan` is for what has to look
    at every row by its nature.
    """

    name: str
    draw: Callable[[], Read]
    limit_ms: float | None = None
    is_scan: bool = False


class Sample:
    """Some tickets of the database, for keys that are there, as often as they are there."""

    def __init__(self, database: Database, size: int, seed: int = 1) -> None:
        self._database = database
        self._chance = random.Random(seed)
        with database.reading() as connection:
            last = connection.execute(
                select(support_tickets.c.id).order_by(support_tickets.c.id.desc()).limit(1)
            ).scalar_one()
            ids = self._chance.sample(range(1, last + 1), min(size, last))
            query = select(support_tickets).where(support_tickets.c.id.in_(ids))
            self._tickets = [to_ticket(row) for row in connection.execute(query)]
        self._with_order = [t for t in self._tickets if t.order_id is not None]
        self._last = last

    def ticket(self) -> Ticket:
        """Any ticket."""
        return self._chance.choice(self._tickets)

    def with_order(self) -> Ticket:
        """Any ticket that is about an order."""
        return self._chance.choice(self._with_order)

    def with_category(self) -> Ticket:
        """Any ticket that has a category."""
        return self._chance.choice([t for t in self._tickets if t.category is not None])

    def status(self) -> Status:
        """Any status."""
        return self._chance.choice(tuple(Status))

    def priority(self) -> Priority:
        """Any priority."""
        return self._chance.choice(tuple(Priority))

    def agent(self) -> int:
        """Any agent."""
        return self._chance.choice(AGENTS)

    def newest(self) -> datetime:
        """When the newest ticket of the sample was created."""
        return max(ticket.created_at for ticket in self._tickets if ticket.created_at)

    def oldest(self) -> datetime:
        """When the oldest one was."""
        return min(ticket.created_at for ticket in self._tickets if ticket.created_at)

    def long_thread(self) -> int:
        """The id of a ticket with more than fifty messages."""
        return LONG_EVERY * self._chance.randint(1, self._last // LONG_EVERY)


def cases(database: Database, sample: Sample) -> Sequence[Case]:
    """Everything that is measured."""
    return (*_tickets(database, sample), *_lists(database, sample), *_others(database, sample))


def _tickets(database: Database, s: Sample) -> Sequence[Case]:
    def one(ref: str | int) -> Read:
        def run() -> object:
            with database.reading() as connection:
                return Tickets(connection).get(ref)

        return run

    return (
        Case("ticket by number", lambda: one(s.ticket().ticket_number), TICKET_MS),
        Case("ticket by id", lambda: one(s.ticket().id), TICKET_MS),
    )


def _lists(database: Database, s: Sample) -> Sequence[Case]:
    def page(wanted: TicketFilter, *, sort: str = "-id", after: Ticket | None = None) -> Read:
        return lambda: list(
            ticket_lists.list_tickets(database, wanted, sort=sort, after=after, limit=PAGE)
        )

    def like(ticket: Ticket, *names: str) -> TicketFilter:
        known = {
            "status": ("statuses", (ticket.status,)),
            "priority": ("priorities", (ticket.priority,)),
            "agent": ("agent_id", ticket.assigned_to or AGENTS[0]),
            "user": ("user_id", ticket.user_id),
        }
        return TicketFilter(**dict(known[name] for name in names))  # type: ignore[arg-type]

    F = TicketFilter  # noqa: N806 - a table of filters follows
    two = (Status.OPEN, Status.IN_PROGRESS)
    drawn: dict[str, Callable[[], Read]] = {
        "no filter": lambda: page(F()),
        "no filter, deep": lambda: page(F(), after=s.ticket()),
        "user": lambda: page(F(user_id=s.ticket().user_id)),
        "order": lambda: page(F(order_id=s.with_order().order_id)),
        "status": lambda: page(F(statuses=(s.status(),))),
        "status, deep": lambda: page(like(t := s.ticket(), "status"), after=t),
        "priority": lambda: page(F(priorities=(s.priority(),))),
        "priority, deep": lambda: page(like(t := s.ticket(), "priority"), after=t),
        "agent": lambda: page(F(agent_id=s.agent())),
        "agent, deep": lambda: page(like(t := s.ticket(), "agent"), after=t),
        "agent none": lambda: page(F(is_unassigned=True)),
        "status + priority": lambda: page(F(statuses=(s.status(),), priorities=(s.priority(),))),
        "status + priority, deep": lambda: page(
            like(t := s.ticket(), "status", "priority"), after=t
        ),
        "agent + status": lambda: page(F(agent_id=s.agent(), statuses=(s.status(),))),
        "agent + status, deep": lambda: page(like(t := s.ticket(), "agent", "status"), after=t),
        "user + status": lambda: page(F(user_id=s.ticket().user_id, statuses=(s.status(),))),
        "open, in_progress": lambda: page(F(statuses=two)),
        "open, in_progress, deep": lambda: page(F(statuses=two), after=s.ticket()),
        "all but closed": lambda: page(F(statuses=_ALL_BUT_CLOSED)),
        "agent, all but closed": lambda: page(F(agent_id=s.agent(), statuses=_ALL_BUT_CLOSED)),
        "two statuses + two priorities": lambda: page(
            F(statuses=two, priorities=(Priority.HIGH, Priority.URGENT))
        ),
        "status by priority": lambda: page(F(statuses=(s.status(),)), sort="-priority"),
        "status by priority, deep": lambda: page(
            like(t := s.ticket(), "status"), sort="-priority", after=t
        ),
        "by priority": lambda: page(F(), sort="priority"),
        "by status, deep": lambda: page(F(), sort="status", after=s.ticket()),
        "by number, deep": lambda: page(F(), sort="ticket_number", after=s.ticket()),
        "by creation": lambda: page(F(), sort="-created_at"),
        "by creation, deep": lambda: page(F(), sort="-created_at", after=s.ticket()),
        "by change": lambda: page(F(), sort="-updated_at"),
        "by change, deep": lambda: page(F(), sort="updated_at", after=s.ticket()),
        "category": lambda: page(F(category=s.with_category().category)),
        "category, deep": lambda: page(F(category=(t := s.with_category()).category), after=t),
        "category that no ticket has": lambda: page(F(category="nothing")),
        "category and status": lambda: page(F(category="refund", statuses=(s.status(),))),
        "since a day ago": lambda: page(F(since=s.newest() - timedelta(days=1))),
        "since, of none": lambda: page(F(since=s.newest() + timedelta(days=1))),
        "until, the oldest": lambda: page(F(until=s.oldest() + timedelta(days=2))),
    }
    return [Case(f"list: {name}", draw, LIST_MS) for name, draw in drawn.items()]


def _others(database: Database, s: Sample) -> Sequence[Case]:
    def thread(ticket_id: int) -> Read:
        def run() -> object:
            with database.reading() as connection:
                return Messages(connection).of_ticket(ticket_id, limit=PAGE)

        return run

    def next_for(agent_id: int | None) -> Read:
        def run() -> object:
            with database.reading() as connection:
                return reads.next_ticket(connection, agent_id=agent_id)

        return run

    def unread(agent_id: int) -> Read:
        def run() -> object:
            with database.reading() as connection:
                return reads.unread(connection, agent_id=agent_id)

        return run

    def load() -> object:
        with database.reading() as connection:
            return workload.by_agent(connection)

    return (
        Case("thread of 50", lambda: thread(s.long_thread()), THREAD_MS),
        Case("next", lambda: next_for(None), LIST_MS),
        Case("next for an agent", lambda: next_for(s.agent()), LIST_MS),
        Case("unread of an agent", lambda: unread(s.agent())),
        Case("agent workload", lambda: load, is_scan=True),
    )
