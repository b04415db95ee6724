"""Totals of what the relay did (rules 18.2)."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from savctl.persistence.metrics.totals import TotalKey, add_to_totals

PUBLISHED_TOTAL = "savctl_events_published_total"
REFUSED_TOTAL = "savctl_events_refused_total"
CONFIRM_SECONDS = "savctl_event_confirm_seconds"
CONFIRM_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


def count_relayed(
    connection: Connection, *, published: int, refused: int, confirmed: Mapping[str, int]
) -> None:
    """Raise the totals in the transaction that marks the events.

    `confirmed` are the buckets of the seconds that confirms took. One relay at a time writes.
    """
    counts: dict[TotalKey, int] = {
        (CONFIRM_SECONDS, bucket): count for bucket, count in confirmed.items()
    }
    counts |= {(PUBLISHED_TOTAL,): published, (REFUSED_TOTAL,): refused}
    add_to_totals(connection, counts)
