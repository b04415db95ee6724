"""The history of a ticket, a line for each thing that happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeGuard

from savctl.cli.framework.page import named
from savctl.cli.views.people import People
from savctl.domain.clock import second_text
from savctl.domain.model.history import Action, HistoryEntry

_OF_AGENTS = frozenset((Action.ASSIGNED, Action.UNASSIGNED))


def history_lines(entries: Sequence[HistoryEntry], known: People, *, inside: int = 0) -> list[str]:
    """What happened, oldest first."""
    return named(((second_text(e.at), _entry(e, known)) for e in entries), inside=inside)


def ids_in_history(entries: Iterable[HistoryEntry]) -> set[int]:
    """The users that the entries name."""
    found = {entry.actor for entry in entries if entry.actor is not None}
    for entry in entries:
        if entry.action in _OF_AGENTS:
            found |= {each for each in (entry.before, entry.after) if _is_id(each)}
    return found


def _entry(entry: HistoryEntry, known: People) -> str:
    """`status: open → in_progress, by Bob Smith (user 10)`, and the reason below it."""
    who = known.named(entry.actor) if entry.actor is not None else "the system"
    change = _change(entry, known)
    line = f"{entry.action}{f': {change}' if change else ''}, by {who}"
    return f"{line}\n{entry.reason}" if entry.reason else line


def _change(entry: HistoryEntry, known: People) -> str:
    before, after = (_value(entry, each, known) for each in (entry.before, entry.after))
    if entry.action in _OF_AGENTS:
        return f"{before or 'nobody'} → {after or 'nobody'}"
    if before and (after or entry.action == Action.HOLD):
        return f"{before} → {after or 'none'}"
    return before or after


def _value(entry: HistoryEntry, value: object, known: People) -> str:
    if entry.action in _OF_AGENTS and _is_id(value):
        return known.named(value, role="agent")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _is_id(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
