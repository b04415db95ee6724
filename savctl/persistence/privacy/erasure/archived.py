"""Copies of a person's tickets in bundles in which they are not archived."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from savctl.persistence.archive.bundles import State
from savctl.persistence.schema.tables import archive_bundles, archive_copies

_B, _C = archive_bundles.c, archive_copies.c


def count_copies(connection: Connection, user_id: int) -> int:
    """How many there are."""
    query = select(func.count()).select_from(archive_copies).where(_C.user_id == user_id)
    return int(connection.execute(query).scalar_one())


def has_copies(connection: Connection, bundle_id: int, user_id: int) -> bool:
    """Whether this bundle holds some."""
    query = select(_C.ticket_id).where(_C.bundle_id == bundle_id, _C.user_id == user_id)
    return connection.execute(query.limit(1)).first() is not None


def has_unfinished_copies(connection: Connection, user_id: int) -> bool:
    """Whether some are in bundles that a run began and did not end."""
    query = (
        select(_C.ticket_id)
        .join(archive_bundles, _C.bundle_id == _B.id)
        .where(_C.user_id == user_id, _B.state != str(State.DONE))
    )
    return connection.execute(query.limit(1)).first() is not None
