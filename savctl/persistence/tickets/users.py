"""The minimal copy of the auth service's users.

References to users are soft: an id that is not here yet is a warning, never an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from savctl.persistence.bulk import insert_rows, rows_in
from savctl.persistence.schema.tables import users


class Users:
    """User rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def unknown(self, ids: Iterable[int | None]) -> list[int]:
        """Which of these ids have no row here."""
        wanted = {user_id for user_id in ids if user_id is not None}
        if not wanted:
            return []
        found = rows_in(self._connection, users, ("id",), sorted(wanted))
        return sorted(wanted.difference(row[0] for row in found))

    def add(self, people: Sequence[tuple[int, str, str, str]]) -> None:
        """Store people: id, e-mail address, first name, last name."""
        columns = ("id", "email", "firstname", "lastname")
        insert_rows(self._connection, users, columns, people)

    def find(self, user_id: int) -> dict[str, object] | None:
        """The row, or None."""
        row = self._connection.execute(select(users).where(users.c.id == user_id)).first()
        return dict(row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's public name
