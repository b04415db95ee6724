"""Finding tickets that look like duplicates; people merge them, or not."""

from __future__ import annotations

from collections.abc import Iterator

from savctl.domain.tickets.duplicates import Alike, find_similar
from savctl.persistence.engine import Database
from savctl.persistence.tickets.duplicates import customers_with_several, living_tickets

_CUSTOMERS = 500
MOST = 100  # tickets of one customer that are compared with each other, the newest


def find_duplicates(
    database: Database, *, at_least: float, user_id: int | None = None
) -> Iterator[Alike]:
    """Pairs of tickets of one customer that are alike, customer by customer.

    A page of customers is in memory at a time; nothing is locked.
    """
    after = 0
    while True:
        with database.reading() as connection:
            customers = customers_with_several(
                connection, after_user=after, limit=_CUSTOMERS, user_id=user_id
            )
            tickets = living_tickets(connection, customers, most=MOST) if customers else {}
        for customer in customers:
            yield from find_similar(tickets.get(customer, []), at_least=at_least)
        if len(customers) < _CUSTOMERS:
            return
        after = customers[-1]
