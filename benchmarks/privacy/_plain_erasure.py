"""The floor under `gdpr erase`: PyMySQL alone, which deletes the same rows by the ids it is given.

It looks for nothing, locks nothing beforehand, writes nothing down and searches nothing again. The
batches are those of the erasure: a transaction for each.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing

from benchmarks.framework.load import plain_connection

_BY_TICKET = (
    *("savctl_files", "ticket_attachments", "ticket_messages", "savctl_outbox"),
    *("savctl_sla_alarms", "savctl_sla_breaches", "savctl_imports"),
)
_REASONS = (
    """UPDATE savctl_audit SET entry = REPLACE(entry, '"as agreed"', '"[erased]"') """
    """WHERE ticket_id IN ({ids}) AND entry LIKE '%as agreed%'"""
)


def erase(url: str, ids: Sequence[int], size: int) -> float:
    """Delete it all; answers the seconds it took."""
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        started = time.perf_counter()
        for batch in _batches(ids, size):
            listed = ", ".join(map(str, batch))
            for table in _BY_TICKET:
                cursor.execute(f"DELETE FROM {table} WHERE ticket_id IN ({listed})")
            cursor.execute(_REASONS.format(ids=listed))
            cursor.execute(f"DELETE FROM support_tickets WHERE id IN ({listed})")
            connection.commit()
        return time.perf_counter() - started


def _batches(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    yield from (ids[start : start + size] for start in range(0, len(ids), size))
