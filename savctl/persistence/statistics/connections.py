"""Connections to the server: used, and allowed."""

from __future__ import annotations

from sqlalchemy import Connection

from savctl.persistence.statistics.sources import global_counts, global_values


def connections_used(connection: Connection) -> tuple[int, int]:
    """How many connections are open, and how many the server allows."""
    used = global_counts(connection, "Threads_connected").get("threads_connected", 0)
    allowed = global_values(connection, "max_connections").get("max_connections", "0")
    return used, int(allowed)
