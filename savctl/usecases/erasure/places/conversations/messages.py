"""Messages on their tickets, whoever wrote them: they go with `tickets`."""

from __future__ import annotations

from savctl.persistence.privacy.erasure import hot_tickets
from savctl.usecases.erasure.place import ErasureWork, Place, Search


class MessagesOnTickets(Place):
    """Counted here, removed in the transaction of their ticket."""

    name = "messages"
    order = 11
    what = "messages on their tickets"
    holds = ("ticket_messages.*",)

    def find(self, search: Search) -> int:
        """Those on tickets that may go."""
        with search.database.reading() as connection:
            return hot_tickets.count_hanging(connection, search.scope)[0]

    def erase(self, work: ErasureWork) -> None:
        """Nothing: see `tickets`."""


PLACE = MessagesOnTickets()
