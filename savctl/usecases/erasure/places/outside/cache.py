"""Rows of the service's cache that hold their e-mail address."""

from __future__ import annotations

from savctl.persistence.privacy.erasure import person_rows
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.erasure.place import ErasureWork, Place, Search


class CachedRows(Place):
    """Found by the address, as long as it is known."""

    name = "cache"
    order = 71
    what = "rows of the service's cache with their e-mail address"
    holds = ("cache.*", "cache_locks.key")

    def find(self, search: Search) -> int:
        """Keys and values that hold it."""
        with search.database.reading() as connection:
            return person_rows.count_cached(connection, search.email)

    def erase(self, work: ErasureWork) -> None:
        """Delete them once more: the service may have cached them meanwhile."""

        def step(uow: UnitOfWork) -> None:
            gone = person_rows.delete_cached(uow.connection, work.email)
            work.listed(uow).removed("cache", gone)

        work.transact(step)


PLACE = CachedRows()
