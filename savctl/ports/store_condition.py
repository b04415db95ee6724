"""The condition of an object store, for its operator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletingRule:
    """A rule by which the store deletes on its own; an empty prefix means all keys."""

    prefix: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreCondition:
    """The state of a store. None: it does not report it, or these keys may not ask.

    `open_to` names who else may come in by the store's own rules. `clock_ahead` is how far its
    clock is ahead of this host's, beyond what the way there takes; behind is negative.
    """

    is_made: bool = True
    keeps_versions: bool | None = None
    open_to: tuple[str, ...] | None = None
    deletes: tuple[DeletingRule, ...] | None = None
    clock_ahead: timedelta | None = None
    free_bytes: int | None = None
