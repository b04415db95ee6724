"""The work list of an erasure: a row a place, and the tickets that are gone (rules 16.6)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, case, delete, insert, select, update

from savctl.persistence.bulk import insert_rows, rows_in
from savctl.persistence.schema.tables import erasure_places, erasure_tickets
from savctl.persistence.sql import chunks

_P, _T = erasure_places.c, erasure_tickets.c
_AT_ONCE = 1_000
PENDING, CLEARED = "pending", "cleared"


class TicketFate(StrEnum):
    """What became of a ticket."""

    DELETED = "deleted"
    ANONYMISED = "anonymised"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """How far a place is: what was found there, and what was removed, over all runs."""

    place: str
    state: str
    found: int
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneTicket:
    """A ticket that is gone or anonymised, and the one that it had been merged into."""

    ticket_id: int
    outcome: str
    merged_into: int | None


class WorkList:
    """The work list of one erasure in one transaction."""

    def __init__(self, connection: Connection, erasure_id: str) -> None:
        self._connection = connection
        self._id = erasure_id

    def write(self, found: Mapping[str, int]) -> None:
        """Write down what there is, place by place; of a place that is known the higher count."""
        known = {row.place for row in self.places()}
        new = [
            {"erasure_id": self._id, "place": p, "state": PENDING, "found": n, "removed": 0}
            for p, n in found.items()
            if p not in known
        ]
        if new:
            self._connection.execute(insert(erasure_places), new)
        for place in known & found.keys():
            whole = _P.removed + found[place]
            more = case((whole > _P.found, whole), else_=_P.found)
            self._set(place, state=PENDING, found=more)

    def places(self) -> list[PlaceRow]:
        """Every place, by name."""
        query = select(_P.place, _P.state, _P.found, _P.removed).where(_P.erasure_id == self._id)
        rows = self._connection.execute(query.order_by(_P.place)).mappings()
        return [PlaceRow(**row) for row in rows]

    def removed(self, place: str, count: int) -> None:
        """So many are gone, in this transaction."""
        if count:
            self._set(place, removed=_P.removed + count)

    def cleared(self, place: str) -> None:
        """The step was taken to its end; whether it is enough decides the verification."""
        self._set(place, state=CLEARED)

    def remember(self, gone: Collection[tuple[int, int | None]], outcome: TicketFate) -> None:
        """Tickets (id, the one it was merged into) that go in this transaction."""
        ids = [ticket_id for ticket_id, _ in gone]
        known: set[int] = set()
        for some in chunks(ids, _AT_ONCE):
            columns = ("ticket_id",)
            found = rows_in(self._connection, erasure_tickets, columns, some, erasure_id=self._id)
            known |= {row[0] for row in found}
        rows = [(self._id, i, str(outcome), into) for i, into in gone if i not in known]
        names = ("erasure_id", "ticket_id", "outcome", "merged_into")
        insert_rows(self._connection, erasure_tickets, names, rows)

    def tickets(self) -> list[GoneTicket]:
        """All that are gone by now."""
        query = select(_T.ticket_id, _T.outcome, _T.merged_into)
        rows = self._connection.execute(query.where(_T.erasure_id == self._id)).mappings()
        return [GoneTicket(**row) for row in rows]

    def links(self) -> dict[int, int]:
        """Those that had been merged away, each with the ticket it went into."""
        return {t.ticket_id: t.merged_into for t in self.tickets() if t.merged_into is not None}

    def forget_tickets(self) -> None:
        """The erasure is done: nobody looks for their traces any more."""
        self._connection.execute(delete(erasure_tickets).where(_T.erasure_id == self._id))

    def _set(self, place: str, **values: object) -> None:
        is_it = (_P.erasure_id == self._id, _P.place == place)
        self._connection.execute(update(erasure_places).where(*is_it).values(**values))
