"""Which row of which foreign file became which ticket: an import that is run again goes on."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, select

from savctl.persistence.bulk import insert_rows, rows_in
from savctl.persistence.schema.tables import imports

_I = imports.c


class Imports:
    """The remembered rows, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def known(self, source: str, external_ids: Collection[str]) -> dict[str, int]:
        """The tickets of those rows that are here already, by external id."""
        if not external_ids:
            return {}
        columns = ("external_id", "ticket_id")
        found = rows_in(self._connection, imports, columns, list(external_ids), source=source)
        return {row[0]: row[1] for row in found}

    def has_any(self, source: str) -> bool:
        """Whether anything was imported from this source before."""
        query = select(_I.ticket_id).where(_I.source == source).limit(1)
        return self._connection.execute(query).first() is not None

    def remember(self, source: str, tickets: Iterable[tuple[str, int]]) -> None:
        """Write down (external id, ticket id), in the transaction that inserts the tickets."""
        rows = [(source, external_id, ticket_id) for external_id, ticket_id in tickets]
        columns = ("source", "external_id", "ticket_id")
        insert_rows(self._connection, imports, columns, rows)
