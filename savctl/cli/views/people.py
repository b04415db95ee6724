"""People by name, where the copy of the auth service's users knows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from savctl.persistence.engine import Database
    from savctl.persistence.tickets.users import KnownUser


class People:
    """Users as a page names them; one that is not known is named by the id alone."""

    def __init__(self, known: Mapping[int, KnownUser]) -> None:
        self._known = known

    def named(self, user_id: int, *, role: str = "user") -> str:
        """`Ada Lovelace (customer 456)`, or `customer 456`."""
        known = self._known.get(user_id)
        return f"{known.name} ({role} {user_id})" if known and known.name else f"{role} {user_id}"

    def addressed(self, user_id: int) -> str:
        """The same with the e-mail address."""
        known = self._known.get(user_id)
        if known is None or not known.email:
            return self.named(user_id)
        named = f"{known.name} <{known.email}>" if known.name else known.email
        return f"{named} (user {user_id})"


def people(database: Database, ids: Iterable[int | None]) -> People:
    """Those of the ids that are known, read with one query."""
    from savctl.persistence.tickets.users import Users

    with database.reading() as connection:
        return People(Users(connection).known(ids))
