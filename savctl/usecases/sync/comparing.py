"""Asking other services about what is here; what differs is kept to be written (rules 14.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from savctl.domain.sync.questions import UserAnswer
from savctl.persistence.engine import Database
from savctl.persistence.people.users import KnownUser, Users
from savctl.persistence.sync.order_checks import CheckedTicket, customers_page, marked_page
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.sync.answer_rows import OrderNews
from savctl.usecases.sync.asking import Services, is_answered
from savctl.usecases.sync.pace import T, paced

_PAGE = 1_000
_SILENCE = 25  # so many questions in a row without an answer: nobody will give one
Person = tuple[int, str, str, str]


@dataclass(slots=True)
class SyncComparison:
    """What was asked and answered at `as_of`.

    `orders` are answers to checks that waited, `unknown` tickets whose order was unknown before;
    `changed` are users who are others at the auth service, each with the columns that differ.
    """

    as_of: datetime
    asked: int = 0
    answered: int = 0
    users_answered: int = 0
    orders: list[OrderNews] = field(default_factory=list)
    unknown: list[CheckedTicket] = field(default_factory=list)
    changed: list[tuple[Person, str]] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)

    @property
    def unanswered(self) -> int:
        """Questions without an answer."""
        return self.asked - self.answered


class Comparing:
    """Asks a few questions at a time, and gives a service up that answers none."""

    def __init__(
        self,
        database: Database,
        services: Services,
        *,
        at: datetime,
        rate: int,
        most: int,
        should_stop: Callable[[], bool],
    ) -> None:
        self.found = SyncComparison(as_of=at)
        self._database = database
        self._services = services
        self._rate = rate
        self._most = most
        self._should_stop = should_stop
        self._silent = 0

    def orders(self) -> None:
        """Ask about orders whose check waits."""
        waiting: dict[tuple[int, int], list[CheckedTicket]] = {}
        for ticket in marked_tickets(self._database):
            if ticket.mark == "unknown":
                self.found.unknown.append(ticket)
            else:
                waiting.setdefault((ticket.order_id, ticket.user_id), []).append(ticket)
        if self._services.checks_orders:
            self._ask_orders(waiting)

    def users(self) -> None:
        """Ask about the customers of tickets that are not closed."""
        self._silent = 0
        if not self._services.checks_users:
            return
        for group in self._groups(self._customers()):
            _, answers = self._services.ask([], group, at=self.found.as_of)
            with self._database.reading() as connection:
                known = Users(connection).known(group)
            for user_id, answer in zip(group, answers, strict=True):
                self._count(is_answered(answer))
                if is_answered(answer):
                    self._compare(user_id, known.get(user_id), answer)

    def _customers(self) -> Iterator[int]:
        """Whom to ask about: whoever was erased is not to come back, and is not asked for."""
        after = 0
        while True:
            with self._database.reading() as connection:
                found = customers_page(connection, after=after, limit=_PAGE)
                erased = set(self._services.erasure.suppressed(UnitOfWork(connection), found))
            yield from (one for one in found if one not in erased)
            if len(found) < _PAGE:
                return
            after = found[-1]

    def _ask_orders(self, waiting: dict[tuple[int, int], list[CheckedTicket]]) -> None:
        for group in self._groups(iter(waiting)):
            answers, _ = self._services.ask(group, [], at=self.found.as_of)
            for key, answer in zip(group, answers, strict=True):
                self._count(is_answered(answer))
                if is_answered(answer):
                    self.found.orders += [
                        OrderNews(
                            ticket_id=one.id,
                            ticket_number=one.ticket_number,
                            order_id=one.order_id,
                            order=answer.order,
                        )
                        for one in waiting[key]
                    ]

    def _groups(self, items: Iterator[T]) -> Iterator[list[T]]:
        """Groups to ask about, until enough were asked, or nobody answers."""
        for group in paced(items, rate=self._rate, should_stop=self._should_stop):
            left = self._most - self.found.asked if self._most else len(group)
            if left <= 0 or self._silent >= _SILENCE:
                return
            yield group[:left]

    def _count(self, is_heard: bool) -> None:
        self.found.asked += 1
        self.found.answered += is_heard
        self._silent = 0 if is_heard else self._silent + 1

    def _compare(self, user_id: int, known: KnownUser | None, answer: UserAnswer) -> None:
        self.found.users_answered += 1
        if answer.person is None:
            self.found.gone.append(user_id)
            return
        names = differing(known, answer.person)
        if names:
            self.found.changed.append((answer.person, names))


def differing(known: KnownUser | None, person: Person) -> str:
    """Which columns of a user differ from what the auth service says; empty when none."""
    if known is None:
        return "not here"
    here = (known.email, known.firstname, known.lastname)
    names = ("email", "firstname", "lastname")
    pairs = zip(names, here, person[1:], strict=True)
    return ", ".join(name for name, old, new in pairs if old != new)


def marked_tickets(database: Database) -> Iterator[CheckedTicket]:
    """Tickets that are not closed whose order was not checked, or is unknown."""
    after = 0
    while True:
        with database.reading() as connection:
            after, found = marked_page(connection, after=after, limit=_PAGE)
        yield from found
        if not after:
            return
