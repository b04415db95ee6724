"""Times that another program left empty, which `db adopt` tolerates."""

from __future__ import annotations

import pytest

from savctl.domain.model.ticket_filter import TicketFilter
from savctl.persistence.engine import Database
from savctl.persistence.tickets.ticket_lists import list_tickets
from tests.schema.support import load_laravel


@pytest.mark.only_on("mariadb", "mysql")
@pytest.mark.parametrize("sort", ["created_at", "-created_at", "updated_at", "-updated_at"])
def test_a_ticket_without_times_is_in_the_list_once(empty_database: Database, sort: str) -> None:
    load_laravel(empty_database)
    seen = []
    last = None

    while page := list(
        list_tickets(empty_database, TicketFilter(), sort=sort, after=last, limit=1)
    ):
        last = page[0]
        seen.append(last.id)

    at_once = [t.id for t in list_tickets(empty_database, TicketFilter(), sort=sort)]
    assert seen == at_once
    assert sorted(seen) == [1, 2, 3]
