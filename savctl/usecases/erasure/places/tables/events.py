"""Events of their tickets, and of what they wrote elsewhere, in the outbox.

Sent ones are removed. What was not sent is given up as "erased", so that nobody asks why it never
came; nothing is left in it. Events of an anonymised ticket lose the person and are sent on.
"""

from __future__ import annotations

from savctl.persistence.privacy.erasure import events
from savctl.persistence.sql import chunks
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.erasure.place import ErasureWork, Place, Search

_AT_ONCE = 1_000
_TICKETS_AT_ONCE = 100  # their events are held in memory


class Events(Place):
    """Rows of the outbox."""

    name = "events"
    order = 54
    what = "events of their tickets in the outbox"
    holds = ("savctl_outbox.*", "savctl_outbox.envelope:*")

    def find(self, search: Search) -> int:
        """Those that still hold something."""
        with search.database.reading() as connection:
            return events.count(connection, search.scope)

    def erase(self, work: ErasureWork) -> None:
        """Ticket by ticket in parts, then what they wrote on tickets of others."""
        scope = work.scope
        for ids in scope.parts(only_deleted=True):

            def step(uow: UnitOfWork, ids: list[int] = ids) -> None:
                gone = events.erase_of(uow.connection, ids, at=work.clock())
                work.listed(uow).removed(self.name, gone)

            work.transact(step)
        self._elsewhere(work)
        self._anonymise(work)

    def _elsewhere(self, work: ErasureWork) -> None:
        while True:

            def step(uow: UnitOfWork) -> int:
                ids = events.elsewhere(uow.connection, work.scope, limit=_AT_ONCE)
                gone = events.erase_rows(uow.connection, ids, at=work.clock())
                work.listed(uow).removed(self.name, gone)
                return gone

            if not work.transact(step):
                return

    def _anonymise(self, work: ErasureWork) -> None:
        for ids in chunks(sorted(work.scope.anonymised), _TICKETS_AT_ONCE):

            def step(uow: UnitOfWork, ids: list[int] = ids) -> None:
                done = events.anonymise(uow.connection, ids, work.base.user_id)
                work.listed(uow).removed(self.name, done)

            work.transact(step)


PLACE = Events()
