"""How new what is known of the user is: kept under the pseudonym from now on."""

from __future__ import annotations

from savctl.persistence.privacy.erasure import sync_rows
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.erasure.place import ErasureWork, Place, Search


class UserState(Place):
    """One row."""

    name = "sync_state"
    order = 62
    what = "how new what other services sent about them is"
    holds = ("savctl_sync_state.*",)

    def find(self, search: Search) -> int:
        """The state under their id."""
        with search.database.reading() as connection:
            return sync_rows.count_state(connection, search.scope.user_id)

    def erase(self, work: ErasureWork) -> None:
        """Keep the keyed hash of the id instead."""

        def step(uow: UnitOfWork) -> None:
            user, person = work.base.user_id, work.erasure.person
            work.listed(uow).removed(self.name, sync_rows.hash_state(uow.connection, user, person))

        work.transact(step)


PLACE = UserState()
