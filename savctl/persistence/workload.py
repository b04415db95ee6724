"""How much each agent has to do (spec: Agent Workload)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, case, func, or_, select

from savctl.domain.states import Status
from savctl.persistence.tables import support_tickets, users

_T = support_tickets.c
ACTIVE = (Status.IN_PROGRESS, Status.WAITING_CUSTOMER)


def active_loads(connection: Connection, *, since: datetime) -> dict[int, int]:
    """Active tickets by agent, for agents who hold an unfinished ticket or moved one lately."""
    active = func.sum(case((_T.status.in_(ACTIVE), 1), else_=0))
    query = (
        select(_T.assigned_to, active)
        .where(
            _T.assigned_to.is_not(None), or_(_T.status != Status.CLOSED, _T.updated_at >= since)
        )
        .group_by(_T.assigned_to)
    )
    return {agent_id: int(count) for agent_id, count in connection.execute(query)}


def by_agent(connection: Connection) -> list[dict[str, object]]:
    """A row for each agent: tickets by status, and who they are where the copy knows it."""
    counts = select(
        _T.assigned_to.label("agent_id"),
        *(
            func.sum(case((_T.status == status, 1), else_=0)).label(status.value)
            for status in Status
        ),
    )
    held = counts.where(_T.assigned_to.is_not(None)).group_by(_T.assigned_to).subquery()
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
