"""One of many processes that do everything to the same tickets, and what it says it did."""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.tickets.closing import ClosingLimits
from savctl.errors import NotFound, Refused
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.assignment import assign_ticket, unassign_ticket
from savctl.usecases.tickets.changes import Change
from savctl.usecases.tickets.closing import close_resolved, close_silent
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.creation import edit_ticket
from savctl.usecases.tickets.transitions import close_ticket, move_ticket, set_priority
from tests.given import AGENT, CUSTOMER, OTHER_AGENT, created

LIVING = "SELECT id FROM support_tickets WHERE status <> 'closed' ORDER BY id LIMIT 100"
LIMITS = ClosingLimits(
    silence=timedelta(milliseconds=200), confirmation=timedelta(milliseconds=200)
)
WAIT, WORK, DONE = Status.WAITING_CUSTOMER, Status.IN_PROGRESS, Status.RESOLVED


@dataclass(slots=True)
class Log:
    """What one process did; `reasons` are of requests that were answered with a change."""

    reasons: set[str] = field(default_factory=set)
    refused: int = 0
    created: int = 0
    messages: int = 0
    edits: int = 0
    closed_by_jobs: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        """How many requests changed something."""
        return len(self.reasons) + self.messages + self.edits

    @property
    def is_enough(self) -> bool:
        """Whether it did its share of what proves something."""
        return self.done >= 40 and self.refused >= 20


def hammer(url: str, name: str, seconds: float, *, jobs: bool) -> Log:
    """Do anything to any ticket until the time is over; a slow machine is given more of it."""
    log = Log()
    database = Database(url)
    hand = Hand(database, name, log)
    over, give_up = time.monotonic() + seconds, time.monotonic() + 6 * seconds
    while (now := time.monotonic()) < over or (now < give_up and not jobs and not log.is_enough):
        try:
            hand.run_the_jobs() if jobs else hand.anything()
        except (Refused, NotFound):
            log.refused += 1
        except Exception:
            log.problems.append(traceback.format_exc())
    database.close()
    return log


class Hand:
    """Somebody at work: knows the living tickets, gives every request a reason of its own."""

    def __init__(self, database: Database, name: str, log: Log) -> None:
        self.database = database
        self.name = name
        self.log = log
        self.known: list[int] = []
        self.count = 0

    def run_the_jobs(self) -> None:
        terms = BatchContext(report=BatchReport(), size=10)
        close_silent(self.database, system_clock, limits=LIMITS, terms=terms, heal=True)
        close_resolved(self.database, system_clock, limits=LIMITS, terms=terms)
        self.log.problems += [str(item) for item in terms.report.items if item.outcome == "failed"]
        self.log.closed_by_jobs += terms.report.changed

    def anything(self) -> None:
        self.count += 1
        if self.count % 50 == 1:
            self.look_around()
        ticket = random.choice(self.known)
        what: Callable[[int], None] = random.choice(
            [self.move, self.move, self.move, self.give, self.say, self.say, self.write]
        )
        what(ticket)

    def look_around(self) -> None:
        with self.database.reading() as connection:
            self.known = list(connection.exec_driver_sql(LIVING).scalars())
        for _ in range(100 - len(self.known)):
            self.known.append(created(self.database, system_clock).id)
            self.log.created += 1

    def move(self, ticket: int) -> None:
        reason, by = self.reason(), random.choice([AGENT, None])
        if random.random() < 0.03:
            change = close_ticket(
                Operation(self.database, system_clock, actor=by), ticket, reason=reason
            )
        else:
            to, only_from = random.choice(
                [(WAIT, None), (DONE, None), (WORK, WAIT), (WORK, DONE), (WORK, DONE)]
            )
            change = move_ticket(
                Operation(self.database, system_clock, actor=by),
                ticket,
                to,
                reason=reason,
                only_from=only_from,
                bridge=random.random() < 0.2,
            )
        self.note(change, reason)

    def give(self, ticket: int) -> None:
        reason = self.reason()
        if random.random() < 0.3:
            change = unassign_ticket(
                Operation(self.database, system_clock, actor=None), ticket, reason=reason
            )
        else:
            agent = random.choice([AGENT, OTHER_AGENT, None])
            change = assign_ticket(
                Operation(self.database, system_clock, actor=None), ticket, to=agent, reason=reason
            )
        self.note(change, reason)

    def say(self, ticket: int) -> None:
        side, sender = random.choice([("customer", CUSTOMER), ("agent", AGENT)])
        reopen = random.random() < 0.2
        add_message(
            Operation(self.database, system_clock),
            ticket,
            sender=(side, sender),
            body=self.reason(),
            reopen=reopen,
            internal=side == "agent" and not reopen and random.random() < 0.3,
        )
        self.log.messages += 1

    def write(self, ticket: int) -> None:
        reason = self.reason()
        if random.random() < 0.5:
            fields = {"subject": reason}
            changed = edit_ticket(
                Operation(self.database, system_clock, actor=AGENT), ticket, fields
            ).changed
            self.log.edits += changed
            return
        priority = random.choice(list(Priority))
        change = set_priority(
            Operation(self.database, system_clock, actor=AGENT), ticket, priority, reason=reason
        )
        self.note(change, reason)

    def reason(self) -> str:
        self.count += 1
        return f"{self.name}-{self.count}"

    def note(self, change: Change, reason: str) -> None:
        if change.changed:
            self.log.reasons.add(reason)
