"""Places that are rows of one table with a `user_id`."""

from __future__ import annotations

from savctl.persistence.privacy.erasure import person_rows
from savctl.persistence.privacy.erasure.scope import OwnTable
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.erasure.place import ErasureWork, Place, Search


class RowsOfPerson(Place):
    """Rows that name the person."""

    table: OwnTable

    def find(self, search: Search) -> int:
        """Their rows."""
        with search.database.reading() as connection:
            return person_rows.count_rows(connection, self.table, search.scope.user_id)

    def erase(self, work: ErasureWork) -> None:
        """Delete them."""

        def step(uow: UnitOfWork) -> None:
            gone = person_rows.delete_rows(uow.connection, self.table, work.base.user_id)
            work.listed(uow).removed(self.name, gone)

        work.transact(step)
