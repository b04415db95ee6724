"""What people at the shop do, each through the use case that its command calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from savctl.demo.people import LEAD, DemoPerson
from savctl.domain.imports.replay_plan import Deed
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.policy import Policies
from savctl.errors import Refused
from savctl.persistence.engine import Database
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.replay.timed_jobs import TimedJob
from savctl.usecases.tickets.assignment import assign_ticket, unassign_ticket
from savctl.usecases.tickets.changes import Change
from savctl.usecases.tickets.conversation import add_message, mark_read
from savctl.usecases.tickets.creation import NewTicket, create_ticket
from savctl.usecases.tickets.transitions import close_ticket, move_ticket, set_priority

OPENS, SHUTS, SUNDAY = 7, 17, 6  # office hours in UTC, closed on Sundays


@dataclass(frozen=True, slots=True, kw_only=True)
class Illness:
    """An agent is away for some days."""

    agent: int
    since: datetime
    until: datetime

    def holds(self, agent: int, now: datetime) -> bool:
        """Whether this agent is away now."""
        return agent == self.agent and self.since <= now < self.until


@dataclass(slots=True, kw_only=True)
class Shop:
    """The shop at one moment; its clock is moved by the story."""

    database: Database
    clock: SetClock
    random: Random
    agents: Sequence[int]
    illness: Illness
    jobs: Sequence[TimedJob] = ()
    policies: Policies = field(default_factory=Policies)
    numbers: str = ""
    refusals: int = 0
    created: int = 0

    def hire(self, people: Sequence[DemoPerson]) -> None:
        """Fill the copy of the auth service's users."""
        rows = [(person.id, person.email, person.first, person.last) for person in people]

        def add(uow: UnitOfWork) -> None:
            uow.users.add(rows)

        in_transaction(self.database, add)

    def create(self, wanted: NewTicket) -> Ticket:
        """A customer writes to the shop; the n-th ticket of a seed has the same number always."""
        self.created += 1
        numbers = Random(f"{self.numbers} {self.created}")  # noqa: S311 - a story, not a secret
        change, _ = create_ticket(
            Operation(self.database, self.clock, actor=wanted.user_id, policies=self.policies),
            wanted,
            draw=numbers.choice,
        )
        return change.ticket

    def assign(self, number: str, to: int | None) -> int:
        """Somebody gets the ticket, None for the least loaded; answers who has it."""
        try:
            change = assign_ticket(Operation(self.database, self.clock, actor=LEAD), number, to=to)
        except Refused:  # the first ticket of all: nobody is known to choose from
            change = assign_ticket(
                Operation(self.database, self.clock, actor=LEAD), number, to=self.agents[0]
            )
        return change.ticket.assigned_to or self.agents[0]

    def well(self, number: str, agent: int) -> int:
        """Who works on the ticket now: a colleague takes over from somebody who is ill."""
        now = self.clock()
        if not self.illness.holds(agent, now):
            return agent
        others = [a for a in self.agents if not self.illness.holds(a, now)]
        reason = "agent is ill"
        self._try(
            lambda: unassign_ticket(
                Operation(self.database, self.clock, actor=LEAD), number, reason=reason
            )
        )
        return self.assign(number, self.random.choice(others))

    def ask(self, number: str, agent: int, message: str) -> bool:
        """The agent asks for something and waits."""
        return self._move(number, Status.WAITING_CUSTOMER, agent, "more information", message)

    def resolve(self, number: str, agent: int, message: str) -> bool:
        """The agent has a solution."""
        return self._move(number, Status.RESOLVED, agent, None, message)

    def note(self, number: str, agent: int, text: str) -> bool:
        """The agent writes down something that the customer does not see."""
        return self._add_message(number, ("agent", agent), text, internal=True)

    def answer(self, number: str, customer: int, text: str, *, reopen: bool = False) -> bool:
        """The customer writes; False when the ticket was closed meanwhile."""
        return self._add_message(number, ("customer", customer), text, reopen=reopen)

    def read(self, number: str, agent: int) -> None:
        """The agent reads the conversation."""
        mark_read(Operation(self.database, self.clock), number, reader=agent)

    def raise_priority(self, number: str, priority: Priority, reason: str) -> bool:
        """The lead sets a priority by hand."""
        return self._try(
            lambda: set_priority(
                Operation(self.database, self.clock, actor=LEAD), number, priority, reason=reason
            )
        )

    def close(self, number: str, by: int, reason: str) -> bool:
        """Somebody closes by hand."""
        return self._try(
            lambda: close_ticket(
                Operation(self.database, self.clock, actor=by), number, reason=reason
            )
        )

    def in_office(self, moment: datetime) -> datetime:
        """The moment, or when the office opens next, with some minutes to sit down."""
        if moment.hour >= SHUTS:
            moment = (moment + timedelta(days=1)).replace(hour=0)
        if moment.weekday() == SUNDAY:
            moment = (moment + timedelta(days=1)).replace(hour=0)
        if moment.hour < OPENS:
            moment = moment.replace(hour=OPENS, minute=self.random.randrange(50))
        return moment

    def _move(self, number: str, to: Status, agent: int, why: str | None, message: str) -> bool:
        did = self._try(
            lambda: move_ticket(
                Operation(self.database, self.clock, actor=agent),
                number,
                to,
                reason=why,
                message=message,
            )
        )
        deed = Deed.WAIT if to is Status.WAITING_CUSTOMER else Deed.RESOLVE
        for job in self.jobs if did else ():
            job.record_move(deed, self.clock())
        return did

    def _add_message(
        self,
        number: str,
        sender: tuple[str, int],
        text: str,
        *,
        internal: bool = False,
        reopen: bool = False,
    ) -> bool:
        return self._try(
            lambda: add_message(
                Operation(self.database, self.clock),
                number,
                sender=sender,
                body=text,
                internal=internal,
                reopen=reopen,
            )[0]
        )

    def _try(self, act: Callable[[], Change]) -> bool:
        try:
            act()
        except Refused:  # a job or a colleague was faster: that happens in a shop
            self.refusals += 1
            return False
        return True
