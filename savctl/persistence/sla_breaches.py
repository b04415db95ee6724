"""The ledger of breaches: one row for each side of a ticket, whatever becomes of its metadata.

Another program may rewrite `metadata`; what stands here is not told a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Row

from savctl.domain.breach import Breach
from savctl.domain.priority import Priority
from savctl.domain.sla_clock import Side
from savctl.persistence.bulk import insert_rows, rows_in
from savctl.persistence.tables import sla_breaches
from savctl.persistence.types import time_text

_COLUMNS = (
    "ticket_id",
    "side",
    "at",
    "found_at",
    "priority",
    "expected_minutes",
    "actual_minutes",
    "raised_to",
    "run_id",
)


class Ledger:
    """The breaches of one transaction; a job's name their run."""

    def __init__(self, connection: Connection, *, run_id: int | None = None) -> None:
        self._connection = connection
        self._run_id = run_id

    def append(self, breaches: Iterable[tuple[int, Breach]]) -> None:
        """Write down breaches by ticket; a second one of a side is an error."""
        rows = [
            (
                ticket_id,
                str(breach.side),
                time_text(breach.at, fsp=6),
                time_text(breach.found_at, fsp=6),
                str(breach.priority),
                breach.expected_minutes,
                breach.actual_minutes,
                None if breach.raised_to is None else str(breach.raised_to),
                self._run_id,
            )
            for ticket_id, breach in breaches
        ]
        insert_rows(self._connection, sla_breaches, _COLUMNS, rows)

    def sides(self, ticket_ids: Sequence[int]) -> dict[int, frozenset[Side]]:
        """Which sides of these tickets are written down."""
        if not ticket_ids:
            return {}
        found: dict[int, frozenset[Side]] = {}
        for row in rows_in(self._connection, sla_breaches, ("ticket_id", "side"), ticket_ids):
            found[row[0]] = found.get(row[0], frozenset()) | {Side(row[1])}
        return found


def breach_of(row: Row[tuple[object, ...]]) -> Breach:
    """A row of the ledger as a value."""
    return Breach(
        side=Side(row.side),
        at=row.at,
        found_at=row.found_at,
        priority=Priority(row.priority),
        expected_minutes=row.expected_minutes,
        actual_minutes=row.actual_minutes,
        raised_to=Priority(row.raised_to) if row.raised_to else None,
    )
