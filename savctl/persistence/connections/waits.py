"""How long a connection waits for what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Limits in seconds: for a row, for a table's definition, for an answer, for the server."""

    lock_wait_seconds: int = 10
    table_wait_seconds: int = 30
    statement_seconds: int = 120
    connect_seconds: int = 10
