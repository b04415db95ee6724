"""Messages of other services that were set aside, with the person's id or address."""

from __future__ import annotations

from savctl.persistence.privacy.erasure import sync_rows
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.erasure.place import ErasureWork, Place, Search


class MessagesSetAside(Place):
    """Found by the address as long as it is known, by the id for ever."""

    name = "dead_messages"
    order = 63
    what = "messages of other services about them that were set aside"
    holds = ("savctl_dead_messages.*",)

    def find(self, search: Search) -> int:
        """Those that name them."""
        with search.database.reading() as connection:
            found = sync_rows.dead_about(connection, search.scope.user_id, search.email)
            return sum(1 for _ in found)

    def erase(self, work: ErasureWork) -> None:
        """Delete them."""
        with work.database.reading() as connection:
            ids = list(sync_rows.dead_about(connection, work.base.user_id, work.email))
        if not ids:
            return

        def step(uow: UnitOfWork) -> None:
            work.listed(uow).removed(self.name, sync_rows.delete_dead(uow.connection, ids))

        work.transact(step)


PLACE = MessagesSetAside()
