"""What they wrote on tickets that are others' by now, and what merges brought there of theirs."""

from __future__ import annotations

from collections.abc import Sequence

from savctl.persistence.files.purge_queue import PurgeReason, PurgeRequest
from savctl.persistence.privacy.erasure import hot_tickets
from savctl.persistence.privacy.erasure.elsewhere import Elsewhere, find_elsewhere
from savctl.persistence.privacy.holds import held_among
from savctl.persistence.sql import chunks
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.erasure.place import ErasureWork, Place, Search

_AT_ONCE = 500


class MessagesElsewhere(Place):
    """Messages and files; the rows of those tickets stay as they are."""

    name = "messages_elsewhere"
    order = 30
    what = "their words and files on tickets of others"
    holds = ("ticket_messages.*", "ticket_attachments.*")

    def find(self, search: Search) -> int:
        """Messages, and attachments that hang on none of them."""
        found = _found(search)
        return len(found.messages) + len(found.files)

    def erase(self, work: ErasureWork) -> None:
        """Delete them by id, so many at once."""
        found = _found(work.search)
        for ids in chunks(found.messages, _AT_ONCE):
            work.transact(lambda uow, ids=ids: _erase(work, uow, ids, ()))  # type: ignore[misc]
        for ids in chunks(found.files, _AT_ONCE):
            work.transact(lambda uow, ids=ids: _erase(work, uow, (), ids))  # type: ignore[misc]


def _found(search: Search) -> Elsewhere:
    with search.database.reading() as connection:
        return find_elsewhere(connection, search.scope, search.links)


def _erase(
    work: ErasureWork, uow: UnitOfWork, messages: Sequence[int], hung: Sequence[int]
) -> None:
    now, connection = work.clock(), uow.connection
    tickets = hot_tickets.tickets_of_messages(connection, messages, hung)
    uow.tickets.lock_many(tickets)
    held = held_among(connection, tickets)
    messages, hung = hot_tickets.still_there(connection, work.without(held), messages, hung)
    files = hot_tickets.files_on(connection, messages, hung)
    doomed = [
        PurgeRequest(
            key=key, reason=PurgeReason.ERASURE, due_at=now, ticket_id=ticket_id, size_bytes=size
        )
        for ticket_id, key, size in files.values()
    ]
    uow.purges.want(doomed, at=now)
    uow.purges.take_over([one.key for one in doomed])
    words, records = hot_tickets.delete_messages(connection, messages, sorted(files))
    work.listed(uow).removed("messages_elsewhere", words + len(hung))
    work.listed(uow).removed("attachments", records - len(hung))


PLACE = MessagesElsewhere()
