"""Tickets with their messages and attachment records: where an erasure begins.

The transaction in which a ticket goes also writes down that it went, and what is to be removed
behind it: the objects in the list of purges, the ticket in the work list.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.privacy.anonymous import anonymised
from savctl.domain.privacy.erasure import Mode
from savctl.domain.tickets.merge_links import went_into
from savctl.persistence.bulk import update_tickets
from savctl.persistence.privacy.erasure import hot_tickets
from savctl.persistence.privacy.erasure.work_list import TicketFate
from savctl.persistence.privacy.holds import held_among
from savctl.persistence.unit_of_work import UnitOfWork
from savctl.usecases.erasure.going_home import send_home, words_of_others
from savctl.usecases.erasure.place import ErasureWork, Place, Search

_AT_ONCE = 500
_LEFT = ("subject", "description", "user_id", "order_id", "metadata")


class HotTickets(Place):
    """Their tickets that are not archived."""

    name = "tickets"
    order = 10
    what = "their tickets"
    holds = ("support_tickets.*", "support_tickets.metadata:*")

    def find(self, search: Search) -> int:
        """Those that no hold keeps."""
        with search.database.reading() as connection:
            return hot_tickets.count_own(connection, search.scope)

    def erase(self, work: ErasureWork) -> None:
        """Batch by batch, in the order of their ids; what is opened meanwhile is for the next
        round, or somebody who goes on and on would keep it from an end."""
        after_id = 0
        with work.database.reading() as connection:
            last_id = hot_tickets.last_own(connection, work.base)
        while True:
            with work.database.reading() as connection:
                ids = hot_tickets.own_page(
                    connection, work.base, after_id=after_id, last_id=last_id, limit=_AT_ONCE
                )
            if not ids:
                break
            work.transact(lambda uow, ids=ids: _erase(work, uow, ids))  # type: ignore[misc]
            work.terms.on_batch(work.terms.report)
            after_id = ids[-1]
        work.look_again()


def _erase(work: ErasureWork, uow: UnitOfWork, ids: Sequence[int]) -> None:
    now, user_id = work.clock(), work.base.user_id
    found = uow.tickets.lock_many(ids, has_words=False)
    locked = [ticket for ticket in found if ticket.user_id == user_id]
    held = held_among(uow.connection, [t.id for t in locked], locked=locked)
    free = [t for t in locked if t.id not in held]
    if not free:
        return
    _return_words(work, uow, free, now)
    free_ids = [t.id for t in free]
    uow.purges.want(hot_tickets.objects_named(uow.connection, free_ids, at=now), at=now)
    hot_tickets.unhook_files_of_others(uow.connection, free_ids)
    kept = [t for t in free if _is_kept(work, t)]
    gone = [t for t in free if not _is_kept(work, t)]
    _delete(work, uow, gone)
    _anonymise(work, uow, kept)


def _is_kept(work: ErasureWork, ticket: Ticket) -> bool:
    return work.base.mode is Mode.ANONYMISE and ticket.status is Status.CLOSED


def _return_words(
    work: ErasureWork, uow: UnitOfWork, tickets: Sequence[Ticket], now: datetime
) -> None:
    pairs = [(ticket.id, ticket.metadata) for ticket in tickets]
    found = words_of_others(uow, work.base.user_id, pairs, {})
    moved = sum(send_home(uow, i, words, now) for i, many in found.items() for words in many)
    work.listed(uow).removed("words_of_others", moved)


def _delete(work: ErasureWork, uow: UnitOfWork, tickets: Sequence[Ticket]) -> None:
    if not tickets:
        return
    ids, listed = [ticket.id for ticket in tickets], work.listed(uow)
    listed.remember([(t.id, went_into(t.metadata)) for t in tickets], TicketFate.DELETED)
    messages, hung = hot_tickets.delete_hanging(uow.connection, ids)
    hot_tickets.delete_rows(uow.connection, ids)
    _count(work, uow, len(ids), messages, hung)


def _anonymise(work: ErasureWork, uow: UnitOfWork, tickets: Sequence[Ticket]) -> None:
    if not tickets:
        return
    ids, listed = [ticket.id for ticket in tickets], work.listed(uow)
    listed.remember([(t.id, went_into(t.metadata)) for t in tickets], TicketFate.ANONYMISED)
    hung = hot_tickets.delete_files(uow.connection, ids)
    messages = hot_tickets.anonymise_messages(uow.connection, ids)
    changes = [(ticket, anonymised(ticket, work.base.user_id)) for ticket in tickets]
    update_tickets(uow.connection, changes, _LEFT)
    _count(work, uow, len(ids), messages, hung)


def _count(work: ErasureWork, uow: UnitOfWork, tickets: int, messages: int, hung: int) -> None:
    listed = work.listed(uow)
    listed.removed("tickets", tickets)
    listed.removed("messages", messages)
    listed.removed("attachments", hung)


PLACE = HotTickets()
