"""The minimal copy of the auth service's users.

References to users are soft: an id that is not here yet is a warning, never an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    exists,
    func,
    or_,
    select,
)

from savctl.domain.model.person_refs import PersonReference, folded, is_same_address
from savctl.errors import NotFound, Refused
from savctl.persistence.bulk import delete_in, insert_rows, rows_in
from savctl.persistence.schema.tables import support_tickets, users
from savctl.persistence.sql import placeholder, placeholders
from savctl.persistence.visibility import is_customers, requester_on

_T, _U = support_tickets.c, users.c

_COLUMNS = ("id", "email", "firstname", "lastname")
_MOST_IDS = 10_000  # in one query; SQLite takes 32,766


@dataclass(frozen=True, slots=True)
class KnownUser:
    """Who a user is."""

    id: int
    email: str | None
    firstname: str | None
    lastname: str | None

    @property
    def name(self) -> str:
        """First and last name; empty when neither is known."""
        return " ".join(filter(None, (self.firstname, self.lastname)))


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

    def known(self, ids: Iterable[int | None]) -> dict[int, KnownUser]:
        """Those of these ids that have a row here."""
        wanted = sorted({user_id for user_id in ids if user_id is not None})
        requester = requester_on(self._connection)
        if requester is not None and is_customers(self._connection):  # other people's names
            wanted = [user_id for user_id in wanted if user_id == requester.user_id]
        found: dict[int, KnownUser] = {}
        for start in range(0, len(wanted), _MOST_IDS):
            rows = rows_in(self._connection, users, _COLUMNS, wanted[start : start + _MOST_IDS])
            found |= {row[0]: KnownUser(*row) for row in rows}
        return found

    def add(self, people: Sequence[tuple[int, str, str, str]]) -> None:
        """Store people: id, e-mail address, first name, last name."""
        insert_rows(self._connection, users, _COLUMNS, people)

    def store(self, people: Sequence[tuple[int, str, str, str]]) -> None:
        """Write people as `add` takes them, those that are here already as well.

        Other columns of the row, which another program may have added, stay as they are.
        """
        if not people:
            return
        found = rows_in(self._connection, users, ("id",), [one[0] for one in people])
        known = {row[0] for row in found}
        self.add([one for one in people if one[0] not in known])
        self._update([one for one in people if one[0] in known])

    def remove(self, ids: Sequence[int]) -> None:
        """Delete the rows of these users."""
        delete_in(self._connection, users, "id", ids)

    def find(self, user_id: int) -> dict[str, object] | None:
        """The row, or None."""
        row = self._connection.execute(select(users).where(users.c.id == user_id)).first()
        return dict(row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's public name

    def id_of(self, ref: PersonReference) -> int:
        """The user that is meant: an id as it is, an e-mail address as it is stored here.

        Raises:
            NotFound: nobody has the address.
            Refused: several users have it.
        """
        if isinstance(ref, int):
            return ref
        found = self._with_address(ref)
        if not found:
            raise NotFound(
                f"no user has the e-mail address {ref}",
                hint="Only users in the users table have one; a user id always works. "
                "Run 'savctl user list --search TEXT' to find a user by name.",
                email=ref,
            )
        if len(found) > 1:
            ids = ", ".join(map(str, found))
            raise Refused(
                f"several users have the e-mail address {ref}: {ids}",
                hint="Give the user id.",
                email=ref,
                user_ids=found,
            )
        return found[0]

    def is_customer_only(self, user_id: int, *, but: int) -> bool:
        """Whether they have tickets as a customer, and hold none as an agent, `but` this one."""
        own = exists().where(_T.user_id == user_id, _T.id != but)
        held = exists().where(_T.assigned_to == user_id, _T.id != but)
        return bool(self._connection.execute(select(own & ~held)).scalar())

    def page(self, search: str, *, after: int, limit: int) -> list[dict[str, Any]]:
        """Users by id behind `after` in whose name or address every word of `search` is."""
        found = (text.contains(word, autoescape=True) for text, word in self._wanted(search))
        query = select(users).where(_U.id > after, *found).order_by(_U.id).limit(limit)
        return [dict(row) for row in self._connection.execute(query).mappings()]

    def _update(self, people: Sequence[tuple[int, str, str, str]]) -> None:
        """Write rows that are here, with one statement."""
        if not people:
            return
        mark = placeholder(self._connection)
        arms = f"CASE id {f'WHEN {mark} THEN {mark} ' * len(people)}END"
        sets = ", ".join(f"{name} = {arms}" for name in _COLUMNS[1:])
        places = placeholders(self._connection, len(people))
        statement = f"UPDATE users SET {sets} WHERE id IN ({places})"  # noqa: S608
        values = [
            value
            for column in range(1, len(_COLUMNS))
            for one in people
            for value in (one[0], one[column])
        ]
        ids = [one[0] for one in people]
        self._connection.exec_driver_sql(statement, (*values, *ids))

    def _with_address(self, address: str) -> list[int]:
        """Who has it; databases compare more loosely, or more strictly, than is meant."""
        is_like_it = or_(_U.email == address, func.lower(_U.email) == address.lower())
        query = select(_U.id, _U.email).where(is_like_it).order_by(_U.id)
        rows = self._connection.execute(query)
        return [row.id for row in rows if is_same_address(str(row.email), address)]

    def _wanted(self, search: str) -> Iterable[tuple[ColumnElement[str], str]]:
        """Each word, and the text it must be in, both without case and accents.

        A server's collation leaves them out by itself; SQLite knows ASCII only.
        """
        whole = _U.firstname + " " + _U.lastname + " " + _U.email
        if self._connection.dialect.name != "sqlite":
            return [(func.lower(whole), word) for word in search.lower().split()]
        driver = self._connection.connection.driver_connection
        driver.create_function("savctl_folded", 1, folded, deterministic=True)  # type: ignore[union-attr]
        return [(func.savctl_folded(whole), word) for word in folded(search).split()]
