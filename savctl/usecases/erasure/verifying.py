"""`gdpr verify`: is anything of a person left anywhere?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from savctl.domain.privacy.erasure import ErasureState, Mode
from savctl.persistence.privacy.erasure.keys import all_keys
from savctl.persistence.privacy.erasure.ledger import Erasures
from savctl.persistence.privacy.erasure.person_rows import email_of
from savctl.persistence.privacy.erasure.scope import Scope
from savctl.persistence.privacy.erasure.work_list import TicketFate, WorkList
from savctl.usecases.erasure.place import Search
from savctl.usecases.erasure.places import all_places
from savctl.usecases.erasure.planning import Surroundings, count_all, left_in


@dataclass(frozen=True, slots=True)
class Verdict:
    """How much there is in every place, and where something is left that an erasure removes."""

    found: Mapping[str, int]
    left: Mapping[str, int]

    def as_rows(self) -> list[dict[str, object]]:
        """A row a place."""
        return [
            {"place": p.name, "what": p.what, "found": self.found[p.name], "stays": p.stays}
            for p in all_places()
        ]


def verify_person(around: Surroundings, user_id: int) -> Verdict:
    """Search every place, what a hold keeps included; nothing is changed."""
    found = count_all(_search(around, user_id))
    return Verdict(found, left_in(found))


def _search(around: Surroundings, user_id: int) -> Search:
    unfinished = (ErasureState.RUNNING, ErasureState.HELD)
    with around.database.reading() as connection:
        keys = all_keys(connection, around.keys)
        persons = keys.pseudonyms(user_id) if keys is not None else ()
        begun = Erasures(connection).newest(persons, unfinished)
        gone = WorkList(connection, begun.id).tickets() if begun is not None else []
        email = email_of(connection, user_id)
    scope = Scope(
        user_id=user_id,
        mode=Mode((begun.mode if begun is not None else None) or Mode.DELETE),
        deleted=frozenset(g.ticket_id for g in gone if g.outcome == TicketFate.DELETED),
        anonymised=frozenset(g.ticket_id for g in gone if g.outcome == TicketFate.ANONYMISED),
    )
    return Search(
        database=around.database,
        store=around.store,
        cold=around.cold,
        scope=scope,
        email=email,
        links={g.ticket_id: g.merged_into for g in gone if g.merged_into is not None},
        mirror=around.mirror,
    )
