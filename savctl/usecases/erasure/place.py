"""What a place is: where something of a person may be, and how it is found, erased, verified.

A place is one object in a module of `places/`; it joins the list by being there. `find` answers
how much there is, and looks again after the erasure: then it must answer 0. `erase` may be called
any number of times, and goes on where a killed run stopped: what is gone already is success.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from savctl.domain.backup.keeping import Keep
from savctl.persistence.engine import Database
from savctl.persistence.privacy.erasure.ledger import StoredErasure
from savctl.persistence.privacy.erasure.scope import Scope
from savctl.persistence.privacy.erasure.work_list import GoneTicket, TicketFate, WorkList
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import Clock, ObjectStore
from savctl.usecases.archive.cold_storage import ColdStorage
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.mirror.mirror import Mirror

T = TypeVar("T")


class Stopped(Exception):
    """A person stopped the erasure between two steps; the same command continues it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Whom to look for, and where.

    `links` are tickets that are gone by now, each with the one it had been merged into. `email`
    is that of the `users` row, as long as there is one.
    """

    database: Database
    store: ObjectStore
    cold: ColdStorage
    scope: Scope
    email: str | None = None
    links: Mapping[int, int]
    mirror: Mirror | None = None


@dataclass(kw_only=True)
class ErasureWork:
    """One erasure at work; every transaction passes the lease's fence."""

    database: Database
    store: ObjectStore
    cold: ColdStorage
    clock: Clock
    terms: BatchContext
    erasure: StoredErasure
    base: Scope
    email: str | None
    keep: Keep = field(default_factory=Keep)
    mirror: Mirror | None = None

    @cached_property
    def _gone(self) -> list[GoneTicket]:
        with self.database.reading() as connection:
            return WorkList(connection, self.erasure.id).tickets()

    def look_again(self) -> None:
        """Tickets went: read the work list once more."""
        self.__dict__.pop("_gone", None)

    @property
    def scope(self) -> Scope:
        """Whose rows it is about, with what is gone by now."""
        gone = self._gone
        return replace(
            self.base,
            deleted=frozenset(g.ticket_id for g in gone if g.outcome == TicketFate.DELETED),
            anonymised=frozenset(g.ticket_id for g in gone if g.outcome == TicketFate.ANONYMISED),
        )

    @property
    def search(self) -> Search:
        """The search for what is left."""
        links = {g.ticket_id: g.merged_into for g in self._gone if g.merged_into is not None}
        return Search(
            database=self.database,
            store=self.store,
            cold=self.cold,
            scope=self.scope,
            email=self.email,
            links=links,
            mirror=self.mirror,
        )

    def without(self, held: Collection[int]) -> Scope:
        """The scope, with tickets that turned out to be under hold."""
        scope = self.scope
        return replace(scope, kept=scope.kept | frozenset(held))

    def transact(self, work: Callable[[UnitOfWork], T]) -> T:
        """One transaction, between which a person may stop.

        Raises:
            Stopped: somebody asked to.
            LeaseLost: another host holds the lease.
        """
        if self.terms.should_stop():
            raise Stopped
        return in_transaction(self.database, work, fence=self.terms.fence)

    def count(self, place: str, removed: int) -> None:
        """Count what was removed outside the database, or in transactions of others."""
        self.transact(lambda uow: self.listed(uow).removed(place, removed))

    def listed(self, uow: UnitOfWork) -> WorkList:
        """The work list in a transaction."""
        return WorkList(uow.connection, self.erasure.id)


class Place(ABC):
    """One place.

    Attributes:
        name: as the certificate names it.
        order: when it is erased: what names other places goes after them.
        what: for people.
        holds: what of the inventory is in it: `table.column`, `table.*`, `table.column:key`.
        stays: the reason why what is found there is left alone; it is named, and no failure.
    """

    name: str
    order: int
    what: str
    holds: tuple[str, ...] = ()
    stays: str | None = None

    @abstractmethod
    def find(self, search: Search) -> int:
        """How much there is."""

    @abstractmethod
    def erase(self, work: ErasureWork) -> None:
        """Remove it; what a step removed is counted in its own transaction."""
