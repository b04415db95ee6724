"""Erasures that are not done: when they are due, and nothing about whom."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from savctl.domain.privacy.erasure import UNFINISHED
from savctl.persistence.schema.tables import erasures

_E = erasures.c


def open_erasures(connection: Connection) -> list[tuple[str, datetime]]:
    """The state and the term of each, those due first."""
    query = select(_E.state, _E.due_at).where(_E.state.in_([str(one) for one in UNFINISHED]))
    rows = connection.execute(query.order_by(_E.due_at))
    return [(str(state), due_at) for state, due_at in rows]
