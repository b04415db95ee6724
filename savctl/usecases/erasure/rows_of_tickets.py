"""Places that are rows of one table with a `ticket_id`."""

from __future__ import annotations

from savctl.persistence.privacy.erasure.scope import OwnTable, delete_of
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.erasure.place import ErasureWork, Place, Search


class RowsOfTickets(Place):
    """Rows that go with a ticket; `with_anonymised`: also when the ticket itself stays."""

    table: OwnTable
    with_anonymised = True

    def find(self, search: Search) -> int:
        """The rows of their tickets, those of tickets that are gone included."""
        with search.database.reading() as connection:
            return search.scope.count(
                connection, self.table, only_deleted=not self.with_anonymised
            )

    def erase(self, work: ErasureWork) -> None:
        """Delete those of tickets that are gone."""
        for ids in work.scope.parts(only_deleted=not self.with_anonymised):

            def step(uow: UnitOfWork, ids: list[int] = ids) -> None:
                work.listed(uow).removed(self.name, delete_of(uow.connection, self.table, ids))

            work.transact(step)
