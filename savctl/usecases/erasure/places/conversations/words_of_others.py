"""What other customers wrote, on their tickets by a merge: it goes home with `tickets`."""

from __future__ import annotations

from savctl.domain.tickets.message_origins import origins
from savctl.persistence.archive import index
from savctl.persistence.privacy.erasure import hot_tickets
from savctl.persistence.tickets.tickets import Tickets
from savctl.usecases.erasure.place import ErasureWork, Place, Search

_AT_ONCE = 500


class WordsOfOthers(Place):
    """Counted before the tickets go; the transaction of each ticket sends them home."""

    name = "words_of_others"
    order = 5
    what = "words of other customers that merges brought: they return to their own tickets"
    holds = ("support_tickets.metadata:moved_messages",)

    def find(self, search: Search) -> int:
        """Messages of others on tickets of theirs that are still here."""
        found = 0
        with search.database.reading() as connection:
            ids = hot_tickets.with_merges(connection, search.scope)
            for start in range(0, len(ids), _AT_ONCE):
                tickets = [Tickets(connection).get(i) for i in ids[start : start + _AT_ONCE]]
                parts = [o for t in tickets for o in origins(t.metadata) if o.description]
                sources = {o.ticket_id for o in parts}
                owners = hot_tickets.owners_of(connection, sorted(sources))
                owners |= {a.ticket_id: a.user_id for a in index.by_ids(connection, list(sources))}
                for part in parts:
                    owner = owners.get(part.ticket_id)
                    is_foreign = (
                        part.is_foreign if owner is None else (owner != search.scope.user_id)
                    )
                    found += len(part.messages) if is_foreign else 0
        return found

    def erase(self, work: ErasureWork) -> None:
        """Nothing: a ticket and the words on it move in one transaction."""


PLACE = WordsOfOthers()
