"""What digits alone name: a ticket's number first, then an id (rules 20.1)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CompoundSelect, Connection, literal, select, union_all

from savctl.domain.model.references import Digits, Reference, ambiguous
from savctl.persistence.schema.tables import archived_tickets, support_tickets
from savctl.persistence.visibility import seen_archived, seen_tickets

_T, _A = support_tickets.c, archived_tickets.c


def resolved(connection: Connection, ref: Reference) -> Reference:
    """The number or the id that is meant; archived tickets count as well.

    Raises:
        AmbiguousReference: the number of one ticket is the id of another.
    """
    if not isinstance(ref, Digits):
        return ref
    by_number: dict[int, str] = {}
    by_id: dict[int, str] = {}
    for is_id, ticket_id, number in connection.execute(_query(connection, ref)):
        (by_id if is_id else by_number)[ticket_id] = number
    others = [number for ticket_id, number in by_id.items() if ticket_id not in by_number]
    if by_number and others:
        raise ambiguous(str(ref), number_of=min(by_number), id_of=others[0])
    return str(ref) if by_number else ref.as_id


def _query(connection: Connection, ref: Digits) -> CompoundSelect[Any]:
    text = str(ref)
    hot, cold = seen_tickets(connection), seen_archived(connection)
    numbers = (literal(0), _T.id, _T.ticket_number), (literal(0), _A.ticket_id, _A.ticket_number)
    ids = (literal(1), _T.id, _T.ticket_number), (literal(1), _A.ticket_id, _A.ticket_number)
    return union_all(
        select(*numbers[0]).where(_T.ticket_number == text, *hot),
        select(*numbers[1]).where(_A.number_key == text, *cold),
        select(*ids[0]).where(_T.id == ref.as_id, *hot),
        select(*ids[1]).where(_A.ticket_id == ref.as_id, *cold),
    )
