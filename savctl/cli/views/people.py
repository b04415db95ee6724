"""People by name, where the copy of the auth service's users knows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from savctl.cli.framework.page import named, page, prose, size_words, title, when
from savctl.domain.text import plural

if TYPE_CHECKING:
    from savctl.persistence.engine import Database
    from savctl.persistence.people.users import KnownUser


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
    from savctl.persistence.people.users import Users

    with database.reading() as connection:
        return People(Users(connection).known(ids))


def user_page(row: Mapping[str, Any], *, now: datetime) -> str:
    """A customer: who they are, and how many tickets they have in each status."""
    name = " ".join(filter(None, (row["firstname"], row["lastname"])))
    counts: Mapping[str, int] = row["tickets"]
    held = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    others = {n: v for n, v in row.items() if n not in _OF_A_USER}
    return page(
        title(f"User {row['id']}", name or "name unknown"),
        named(
            [
                ("e-mail", row["email"] or "unknown"),
                ("VIP", f"since {when(row['vip_since'], now)}" if row["vip"] else "no"),
                ("tickets", f"{sum(counts.values())} ({held})" if held else "none"),
                *others.items(),
            ]
        ),
    )


_OF_A_USER = frozenset(("id", "email", "firstname", "lastname", "vip", "vip_since", "tickets"))


def places_page(user_id: int, rows: Sequence[Mapping[str, Any]], known: People) -> str:
    """What is stored of a person, place by place, and where nothing is."""
    found = [(row["place"], _place(row)) for row in rows if row["rows"]]
    others = [row["place"] for row in rows if not row["rows"]]
    return page(
        title(known.addressed(user_id)),
        named(found),
        prose(f"Nothing in: {', '.join(others)}." if others else ""),
    )


def _place(row: Mapping[str, Any]) -> str:
    count = plural(row["rows"], "row")
    size = f", {size_words(row['bytes'])}" if row["bytes"] else ""
    return f"{count}{size}: {row['what']}"
