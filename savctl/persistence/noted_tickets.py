"""The tickets that a transaction changes, noted where they are written (rules 19.5).

Where the service's cache is configured, the ids are stored at the end of the same transaction: a
crash behind the commit forgets none. Each place that writes a ticket, its messages or its files
names the ticket here. Without a cache nothing is noted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

_NOTED = "savctl_noted_tickets"


@contextmanager
def noting(connection: Connection) -> Iterator[set[int]]:
    """Collect the ids of the tickets that are changed on this connection inside the block."""
    info: dict[str, Any] = connection.info  # it lives as long as the driver's connection
    info[_NOTED] = noted = set[int]()
    try:
        yield noted
    finally:
        info.pop(_NOTED, None)


def is_noting(connection: Connection) -> bool:
    """Whether somebody wants to know."""
    return _NOTED in connection.info


def note_changed(connection: Connection, ticket_ids: Iterable[int]) -> None:
    """These tickets are changed by the transaction at hand, or go."""
    noted = connection.info.get(_NOTED)
    if noted is not None:
        noted.update(ticket_ids)
