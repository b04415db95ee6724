"""How much each agent has to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, case, func, select

from savctl.domain.model.states import Status
from savctl.persistence.schema.tables import support_tickets, users
from savctl.persistence.visibility import seen_tickets

_T = support_tickets.c
ACTIVE = (Status.IN_PROGRESS, Status.WAITING_CUSTOMER)
UNFINISHED = tuple(status for status in Status if status is not Status.CLOSED)
_NEWEST = 200


def active_loads(connection: Connection, *, since: datetime) -> dict[int, int]:
    """Active tickets by agent, for agents who hold an unfinished ticket or moved one lately.

    Asked agent by agent: each answer is a few entries of an index, where one question about all
    of them would read every ticket there ever was, while the one to be assigned is locked.
    """
    loads = {}
    for agent_id in _agents(connection):
        unfinished = _unfinished(connection, agent_id)
        if unfinished or _moved_one(connection, agent_id, since):
            loads[agent_id] = sum(unfinished.get(status, 0) for status in ACTIVE)
    return loads


def _agents(connection: Connection) -> Iterator[int]:
    """Everybody who has or had a ticket, in jumps along the index."""
    found: int | None = 0
    while found is not None:
        further = select(func.min(_T.assigned_to)).where(_T.assigned_to > found)
        found = connection.execute(further).scalar()
        if found is not None:
            yield found


def _unfinished(connection: Connection, agent_id: int) -> dict[str, int]:
    """How many tickets an agent has in each status but closed."""
    query = (
        select(_T.status, func.count())
        .where(_T.assigned_to == agent_id, _T.status.in_(UNFINISHED))
        .group_by(_T.status)
    )
    return {status: int(count) for status, count in connection.execute(query)}


def _moved_one(connection: Connection, agent_id: int, since: datetime) -> bool:
    """Whether one of an agent's newest tickets was changed since then."""
    newest = select(_T.updated_at).where(_T.assigned_to == agent_id)
    newest = newest.order_by(_T.id.desc()).limit(_NEWEST)
    return any(at is not None and at >= since for at in connection.execute(newest).scalars())


def by_agent(connection: Connection) -> list[dict[str, object]]:
    """A row for each agent: tickets by status, and who they are where the copy knows it."""
    counts = select(
        _T.assigned_to.label("agent_id"),
        *(
            func.sum(case((_T.status == status, 1), else_=0)).label(status.value)
            for status in Status
        ),
    )
    seen = seen_tickets(connection)
    held = counts.where(_T.assigned_to.is_not(None), *seen).group_by(_T.assigned_to).subquery()
    query = select(held, users.c.firstname, users.c.lastname).select_from(
        held.outerjoin(users, users.c.id == held.c.agent_id)
    )
    rows = []
    for row in connection.execute(query):
        states = {status.value: int(getattr(row, status.value)) for status in Status}
        name = " ".join(filter(None, (row.firstname, row.lastname))) or None
        active = sum(states[status] for status in ACTIVE)
        rows.append({"agent_id": row.agent_id, "name": name, "active": active, **states})
    return sorted(rows, key=lambda r: (-r["active"], r["agent_id"]))
