"""Which tickets an SLA target may pass for next: the alarms in order, a few of them.

An alarm is never later than the next breach that is not written down. Tickets that wait have
alarms as well, because another program may go on with them; they are left out here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from savctl.domain.sla.targets import COUNTED
from savctl.persistence.schema.tables import sla_alarms, support_tickets

_A, _T = sla_alarms.c, support_tickets.c
_PAGE, _PAGES = 50, 4


def next_alarms(connection: Connection) -> Iterator[tuple[Sequence[int], datetime | None]]:
    """A few pages of tickets, and the moment up to which all alarms are known by then.

    None with the last page there is: all are known.
    """
    query = (
        select(_A.ticket_id, _A.looks_at)
        .join_from(sla_alarms, support_tickets, _T.id == _A.ticket_id)
        .where(_A.looks_at.is_not(None), _T.status.in_(sorted(COUNTED)))
        .order_by(_A.looks_at, _A.ticket_id)
    )
    found = connection.execute(query.limit(_PAGE * _PAGES + 1)).all()
    for start in range(0, min(len(found), _PAGE * _PAGES), _PAGE):
        page = found[start : start + _PAGE]
        is_last = start + _PAGE >= len(found)
        yield [row.ticket_id for row in page], None if is_last else page[-1].looks_at
