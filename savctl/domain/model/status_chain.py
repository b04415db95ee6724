"""The statuses in a ticket's history, and histories merged into one."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from savctl.domain.clock import instant
from savctl.domain.model import states
from savctl.domain.model.history import CHAIN, Action, HistoryEntry, entry_from
from savctl.domain.model.json_text import encode
from savctl.domain.model.states import Status

_KEYS = ("at", "actor", "action", "from", "to", "reason")
_OURS = frozenset(Action)
_PLAIN = frozenset({str, int, type(None)})  # each value of these has one spelling
_STATUSES = frozenset(map(str, Status))

Item = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class StatusChain:
    """The entries whose `to` is a status, in order: the ticket's chain of states.

    `breaks` describes where the chain is broken. It may begin anywhere: another program
    may have made the ticket.
    """

    steps: tuple[HistoryEntry, ...]
    breaks: tuple[str, ...]

    @classmethod
    def of(cls, history: Sequence[HistoryEntry]) -> StatusChain:
        """That of a history."""
        steps = tuple(entry for entry in history if entry.action in CHAIN)
        restored = frozenset(entry.at for entry in history if entry.action == Action.RESTORED)
        return cls(steps, tuple(_breaks(steps, restored)))

    def proves(self, status: Status) -> bool:
        """Whether it is unbroken and ends in this status: then it is the truth."""
        return bool(self.steps) and self.steps[-1].after == status and not self.breaks

    def entered_at(self, status: Status) -> datetime | None:
        """When the status was entered last."""
        return next((s.at for s in reversed(self.steps) if s.after == status), None)

    @property
    def last(self) -> HistoryEntry | None:
        """The newest step."""
        return self.steps[-1] if self.steps else None


def first_out_of_order(entries: Sequence[HistoryEntry], *, skew: timedelta) -> HistoryEntry | None:
    """The first entry that is older than the one before it by more than clocks may differ."""
    for earlier, later in pairwise(entries):
        if earlier.at - later.at > skew:
            return later
    return None


def lost(history: Sequence[object], audited: Sequence[Item]) -> list[Item]:
    """The audited entries that the history lacks."""
    if not audited:
        return []
    there = _positions(item for item in history if isinstance(item, dict))
    return [entry for entry in audited if not _taken(there, entry)]


def unaudited(history: Sequence[object], audited: Sequence[Item]) -> list[Item]:
    """The entries in savctl's own form that the audit lacks."""
    there = _positions(iter(audited))
    ours = (i for i in history if isinstance(i, dict) and _is_ours(i.get("action")))
    return [item for item in ours if not _taken(there, item) and entry_from(item) is not None]


def merge_histories(history: Sequence[object], audited: Sequence[Item]) -> list[object]:
    """The history with every audited entry in the audit's order, which is how it happened.

    What only the history has stays behind the entry it stood behind; what stood before all of
    them is placed by its time.
    """
    there = _positions(iter(audited))
    before: dict[int, list[object]] = defaultdict(list)
    behind: int | None = None
    for item in history:
        position = _take(there, item) if isinstance(item, dict) else None
        if position is not None:
            behind = position
        else:
            before[_by_time(item, audited) if behind is None else behind + 1].append(item)
    whole: list[object] = []
    for position, entry in enumerate(audited):
        whole += [*before[position], entry]
    return whole + before[len(audited)]


def _breaks(steps: Sequence[HistoryEntry], restored: frozenset[datetime]) -> Iterator[str]:
    """A restore leads to the status of the backup along no arrow; its own entry is as old."""
    before: object = None
    for number, step in enumerate(steps):
        is_move = step.action == Action.STATUS
        if number and not is_move:
            yield f"{step.action} stands behind other steps"
        elif number and step.before != before:
            yield f"a step from {step.before} follows on {before}"
        elif is_move and step.at not in restored and not _is_arrow(step):
            yield f"no transition leads from {step.before} to {step.after}"
        before = step.after


def _is_arrow(step: HistoryEntry) -> bool:
    origin, to = step.before, step.after
    if not (isinstance(origin, str) and isinstance(to, str)):
        return False
    return (
        origin in _STATUSES and to in _STATUSES and states.is_allowed(Status(origin), Status(to))
    )


def _is_ours(action: object) -> bool:
    return isinstance(action, str) and action in _OURS


def _key(item: Item) -> Hashable:
    """Equal for items whose members are written alike; 1, 1.0 and true are not."""
    values = [item.get(key) for key in _KEYS]
    if not _PLAIN.issuperset(map(type, values)):
        values = [str(value) if isinstance(value, str) else value for value in values]
        if not _PLAIN.issuperset(map(type, values)):
            return encode(values)
    return tuple(values)


def _positions(items: Iterator[Item]) -> dict[Hashable, deque[int]]:
    found: dict[Hashable, deque[int]] = defaultdict(deque)
    for position, item in enumerate(items):
        found[_key(item)].append(position)
    return found


def _take(there: dict[Hashable, deque[int]], item: Item) -> int | None:
    if not there:
        return None
    positions = there.get(_key(item))
    return positions.popleft() if positions else None


def _taken(there: dict[Hashable, deque[int]], item: Item) -> bool:
    return _take(there, item) is not None


def _by_time(item: object, audited: Sequence[Item]) -> int:
    at = instant(item.get("at")) if isinstance(item, dict) else None
    if at is None:
        return 0
    for position, entry in enumerate(audited):
        moment = instant(entry.get("at"))
        if moment is not None and moment > at:
            return position
    return len(audited)
