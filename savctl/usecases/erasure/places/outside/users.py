"""The copy of the auth service's user, and what the service cached under their e-mail address.

Both go in one transaction: without the row nobody knows the address to look for.
"""

from __future__ import annotations

from savctl.persistence.privacy.erasure import person_rows
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.erasure.place import ErasureWork, Place, Search


class UserRow(Place):
    """One row; with a hold as well."""

    name = "users"
    order = 70
    what = "the copy of the auth service's user"
    holds = ("users.*",)

    def find(self, search: Search) -> int:
        """The row."""
        with search.database.reading() as connection:
            return person_rows.count_user(connection, search.scope.user_id)

    def erase(self, work: ErasureWork) -> None:
        """The row and the cache."""

        def step(uow: UnitOfWork) -> None:
            email = person_rows.email_of(uow.connection, work.base.user_id)
            cached = person_rows.delete_cached(uow.connection, email)
            gone = person_rows.delete_user(uow.connection, work.base.user_id)
            work.listed(uow).removed("cache", cached)
            work.listed(uow).removed("users", gone)

        work.transact(step)


PLACE = UserRow()
