"""Which tickets a list or an export is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFilter:
    """Which tickets; everything given must hold. `since` is included, `until` is not."""

    statuses: tuple[Status, ...] = ()
    priorities: tuple[Priority, ...] = ()
    user_id: int | None = None
    agent_id: int | None = None
    is_unassigned: bool = False
    order_id: int | None = None
    category: str | None = None
    tag: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    is_breached: bool = False
