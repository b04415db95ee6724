"""What legal holds keep of a person: their tickets, and others' tickets with their words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from savctl.persistence.privacy.erasure.elsewhere import find_elsewhere
from savctl.persistence.privacy.erasure.hot_tickets import own_page, tickets_of_messages
from savctl.persistence.privacy.erasure.scope import AT_ONCE, Scope
from savctl.persistence.privacy.holds import held_among
from savctl.persistence.schema.tables import support_tickets
from savctl.persistence.sql import chunks

_T = support_tickets.c


@dataclass(frozen=True, slots=True)
class HeldTicket:
    """A ticket that a hold keeps."""

    id: int
    ticket_number: str


def held_of(
    connection: Connection, scope: Scope, links: Mapping[int, int] | None = None
) -> list[HeldTicket]:
    """Every such ticket by id; `links` are tickets that are gone, each with the one it was
    merged into."""
    held: set[int] = set()
    after_id = 0
    while ids := own_page(connection, scope, after_id=after_id, limit=AT_ONCE):
        held |= held_among(connection, ids)
        after_id = ids[-1]
    words = find_elsewhere(connection, scope, links)
    for some in chunks(words.messages, AT_ONCE):
        held |= held_among(connection, tickets_of_messages(connection, some, ()))
    for some in chunks(words.files, AT_ONCE):
        held |= held_among(connection, tickets_of_messages(connection, (), some))
    return _named(connection, sorted(held))


def _named(connection: Connection, ids: Sequence[int]) -> list[HeldTicket]:
    query = select(_T.id, _T.ticket_number).where(_T.id.in_(ids)).order_by(_T.id)
    return [HeldTicket(*row) for row in connection.execute(query)] if ids else []
