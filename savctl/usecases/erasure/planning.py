"""What there is of a person and what stands against erasing them (rules 16.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from savctl.domain.backup.keeping import Keep
from savctl.domain.privacy.erasure import Mode
from savctl.domain.privacy.erasure_keys import ErasureKeys
from savctl.domain.text import plural
from savctl.persistence.engine import Database
from savctl.persistence.privacy.erasure.hot_tickets import held_as_agent
from savctl.persistence.privacy.erasure.legal_holds import HeldTicket, held_of
from savctl.persistence.privacy.erasure.person_rows import email_of
from savctl.persistence.privacy.erasure.scope import Scope
from savctl.persistence.privacy.erasure.work_list import WorkList
from savctl.ports import Clock, ObjectStore
from savctl.usecases.archive.cold_storage import ColdStorage
from savctl.usecases.erasure.errors import HeldBack, StillAgent
from savctl.usecases.erasure.place import Place, Search
from savctl.usecases.erasure.places import all_places
from savctl.usecases.mirror.mirror import Mirror

_NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where persons are erased, and the configured keys of their pseudonyms."""

    database: Database
    store: ObjectStore
    cold: ColdStorage
    clock: Clock
    keys: ErasureKeys | None = None
    keep: Keep = field(default_factory=Keep)  # how long backups are kept
    mirror: Mirror | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasurePlan:
    """How much there is, place by place; what holds keep; what the person works on."""

    scope: Scope
    found: Mapping[str, int]
    held: Sequence[HeldTicket] = ()
    works_on: Sequence[str] = field(default=())

    @property
    def total(self) -> int:
        """Everything that the erasure removes."""
        return sum(count for name, count in self.found.items() if not _place(name).stays)

    def require_free(self, *, except_held: bool) -> None:
        """Pass when nothing stands against it.

        Raises:
            StillAgent: they work on tickets as an agent.
            HeldBack: holds keep tickets, and those are not to be left out.
        """
        if self.works_on:
            raise StillAgent(
                f"user {self.scope.user_id} is an agent with "
                f"{plural(len(self.works_on), 'ticket')} not closed: {_listed(self.works_on)}",
                hint="Assign them to somebody else first: savctl ticket assign TKT --to ID",
                tickets=list(self.works_on),
            )
        if self.held and not except_held:
            numbers = [one.ticket_number for one in self.held]
            raise HeldBack(
                f"{plural(len(numbers), 'ticket')} under legal hold: {_listed(numbers)}",
                hint="--except-held erases the rest; the held ones follow when they are released.",
                tickets=numbers,
            )


def plan_of(
    around: Surroundings, user_id: int, mode: Mode, *, begun: str | None = None
) -> ErasurePlan:
    """Look at every place; nothing is changed. `begun` is the erasure that goes on."""
    bare = Scope(user_id=user_id, mode=mode)
    with around.database.reading() as connection:
        links = WorkList(connection, begun).links() if begun is not None else {}
        held = held_of(connection, bare, links)
        works_on = held_as_agent(connection, user_id)
        email = email_of(connection, user_id)
    scope = Scope(user_id=user_id, mode=mode, kept=frozenset(one.id for one in held))
    search = Search(
        database=around.database,
        store=around.store,
        cold=around.cold,
        scope=scope,
        email=email,
        links=links,
        mirror=around.mirror,
    )
    return ErasurePlan(scope=scope, found=count_all(search), held=held, works_on=works_on)


def count_all(search: Search) -> dict[str, int]:
    """What there is in every place."""
    return {place.name: place.find(search) for place in all_places()}


def left_in(found: Mapping[str, int]) -> dict[str, int]:
    """The places where something is left that the erasure removes."""
    return {name: count for name, count in found.items() if count and not _place(name).stays}


def _place(name: str) -> Place:
    return next(place for place in all_places() if place.name == name)


def _listed(numbers: Sequence[str]) -> str:
    more = len(numbers) - _NAMED
    return ", ".join(numbers[:_NAMED]) + (f" and {more} more" if more > 0 else "")
