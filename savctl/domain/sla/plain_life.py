"""Tickets whose history proves everything, as nearly all of them: counted without a `Ticket`.

Reports look at hundreds of thousands. Of a ticket that savctl created, whose priority never
changed, and whose history has no gap, runs forwards, ends in the ticket's status and holds nothing
later than the moment in question, the clocks need the history and the promise alone. Every other
ticket is left to `timeline`, `clock` and `as_of`, whose answers these equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from savctl.domain.clock import FAR_AWAY, to_the_second, without_fraction
from savctl.domain.model.history import CHAIN, Action
from savctl.domain.model.json_text import decode
from savctl.domain.model.priority import Priority, level_of
from savctl.domain.model.states import Status, status_of
from savctl.domain.sla.clock import SlaClock, clock_of, solution_of
from savctl.domain.sla.policy import Policies
from savctl.domain.sla.targets import Beginning, Timeline, joined, promise_of

_CREATED, _STATUS, _PRIORITY = map(str, (Action.CREATED, Action.STATUS, Action.PRIORITY))
_CHAIN = tuple(map(str, CHAIN))
# What may say that the ticket was merged away, or that its messages are not its own.
_LINKS = frozenset({"merged_into", "imported_from", "moved_messages"})
_KEPT_ANSWER = "answered_at"
_SECOND = timedelta(seconds=1)


class CountedRow(NamedTuple):
    """What reports read of a ticket, as the driver has it but for the time of its creation."""

    id: int
    user_id: int
    priority: str
    status: str
    category: str | None
    assigned_to: int | None
    metadata: Any
    created_at: datetime | None


class PlainLife(NamedTuple):
    """A ticket of such a history: how its stretches begin, and what `metadata.sla` holds."""

    id: int
    user_id: int
    priority: Priority
    status: Status
    category: str | None
    assigned_to: int | None
    created_at: datetime
    begun: list[Beginning]
    sla: Mapping[str, Any]

    def solution(self, *, now: datetime) -> tuple[datetime, int] | None:
        """As `clock.solution`."""
        return solution_of(self.status, joined(self.begun, to_the_second(now)))

    def clock(
        self, *, now: datetime, answered_at: datetime | None, policies: Policies
    ) -> SlaClock:
        """As `clock.clock`."""
        at = to_the_second(now)
        given = promise_of(self.sla.get("promise"), self, policies)
        line = Timeline(joined(self.begun, at))
        return clock_of(self, line, given, lambda _: given, answered_at, at)


def plain_life(row: CountedRow, *, until: datetime | None = None) -> PlainLife | None:
    """The life of a row, None for one that is not plain; with `until`, also for one of which
    something is later than that second.
    """
    ticket_id, user_id, level, stored_status, category, holder, text, born = row
    status, priority = status_of(stored_status), level_of(level)
    if status is None or priority is None or born is None or not isinstance(text, str):
        return None
    try:
        values: Any = decode(text)
        if not _LINKS.isdisjoint(values):
            return None
        sla = values["sla"]
        end = FAR_AWAY if until is None else to_the_second(until) + _SECOND
        begun = _begun(values["history"], to_the_second(born), end, stored_status)
    except (LookupError, TypeError, ValueError, RecursionError):
        return None
    if begun is None or not isinstance(sla, dict) or _KEPT_ANSWER in sla:
        return None
    return PlainLife(ticket_id, user_id, priority, status, category, holder, born, begun, sla)


def _begun(
    items: list[dict[str, Any]], born: datetime, end: datetime, ends_in: str
) -> list[Beginning] | None:
    """How the stretches begin; None where anything is odd, also by LookupError and so on."""
    begun: list[Beginning] = []
    after: object = None
    latest = born
    for item in items:
        at, action = datetime.fromisoformat(item["at"]), item["action"]
        is_odd = type(action) is not str or action == _PRIORITY
        if is_odd or at.tzinfo is not UTC or at >= end:
            return None
        if action not in _CHAIN:
            continue
        status, actor = status_of(item["to"]), item["actor"]
        at = without_fraction(at) if begun else born
        is_next = action == _STATUS and item["from"] == after if begun else action == _CREATED
        is_ours = actor is None or type(actor) is int
        if status is None or at < latest or not is_next or not is_ours:
            return None
        begun.append((status, at, None, actor))
        after, latest = item["to"], at
    return begun if after == ends_in else None
