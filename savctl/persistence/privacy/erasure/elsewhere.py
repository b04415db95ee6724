"""A person's words on tickets of others: what they wrote there, and what merges brought there.

What an agent answered them moved with their ticket: it is about them, and goes with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from savctl.domain.model.metadata import Metadata
from savctl.domain.tickets.merge_links import went_into
from savctl.domain.tickets.message_origins import origins
from savctl.persistence.privacy.erasure.hot_tickets import (
    links_of_own,
    still_there,
    written_elsewhere,
)
from savctl.persistence.privacy.erasure.scope import AT_ONCE, Scope
from savctl.persistence.schema.tables import support_tickets
from savctl.persistence.sql import chunks

_T = support_tickets.c


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Messages on tickets of others, and attachments that hang on none of those, by id."""

    messages: tuple[int, ...]
    files: tuple[int, ...]


def find_elsewhere(
    connection: Connection, scope: Scope, links: Mapping[int, int] | None = None
) -> Elsewhere:
    """What there is; `links` are tickets that are gone, each with the one it was merged into."""
    known = {**(links or {}), **links_of_own(connection, scope)}
    messages, hung = brought(targets_of(connection, set(known.values())), frozenset(known))
    there, on_them = set(written_elsewhere(connection, scope)), set[int]()
    for ids in chunks(sorted(messages - there), AT_ONCE):
        there |= set(still_there(connection, scope, ids, ())[0])
    for ids in chunks(sorted(hung), AT_ONCE):
        on_them |= set(still_there(connection, scope, (), ids)[1])
    return Elsewhere(tuple(sorted(there)), tuple(sorted(on_them)))


def brought(targets: Mapping[int, Metadata], tickets: frozenset[int]) -> tuple[set[int], set[int]]:
    """The messages and the loose attachments that came from these tickets by merges."""
    messages, hung = set[int](), set[int]()
    for metadata in targets.values():
        for origin in origins(metadata):
            if origin.ticket_id in tickets and origin.description is not None:
                messages |= origin.messages
                hung |= origin.files
    return messages, hung


def targets_of(connection: Connection, ids: set[int]) -> dict[int, Metadata]:
    """These tickets, those that they were merged into, and so on, as far as they are here."""
    found: dict[int, Metadata] = {}
    wanted = set(ids)
    while wanted:
        here: dict[int, Metadata] = {}
        for some in chunks(sorted(wanted), AT_ONCE):
            query = select(_T.id, _T.metadata).where(_T.id.in_(some))
            here |= {row.id: row.metadata for row in connection.execute(query)}
        found |= here
        onward = {into for m in here.values() if (into := went_into(m)) is not None}
        wanted = onward - found.keys() - wanted
    return found
