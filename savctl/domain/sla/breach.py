"""What is written down of an SLA breach (rules 4.6, 11.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from savctl.domain.clock import instant, second_text
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.priority import Priority, level_of
from savctl.domain.sla.clock import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One breach: `at` is when the target passed, `found_at` when savctl saw it.

    `priority` is the promise's; `raised_to` the priority it raised the ticket to, if it did.
    """

    side: Side
    at: datetime
    found_at: datetime
    priority: Priority
    expected_minutes: int
    actual_minutes: int
    raised_to: Priority | None = None

    def as_json(self) -> dict[str, object]:
        """The stored form, in the documented order."""
        return {
            "type": str(self.side),
            "at": second_text(self.at),
            "found_at": second_text(self.found_at),
            "priority": str(self.priority),
            "expected_minutes": self.expected_minutes,
            "actual_minutes": self.actual_minutes,
            "raised_to": None if self.raised_to is None else str(self.raised_to),
        }


def breaches_of(metadata: Metadata) -> tuple[Breach, ...]:
    """The breaches that a ticket's metadata holds; what is none is passed over."""
    return breaches_in(metadata.object_at("sla").get("breaches"))


def breaches_in(stored: object) -> tuple[Breach, ...]:
    """The breaches of a stored list."""
    if not stored or not isinstance(stored, list):
        return ()
    return tuple(breach for breach in map(_breach_from, stored) if breach is not None)


def with_breaches(metadata: Metadata, breaches: Sequence[Breach]) -> Metadata:
    """The metadata with some breaches more."""
    return metadata.with_items("sla", "breaches", [breach.as_json() for breach in breaches])


def _breach_from(item: object) -> Breach | None:
    if not isinstance(item, dict):
        return None
    at, found_at = instant(item.get("at")), instant(item.get("found_at"))
    expected, actual = item.get("expected_minutes"), item.get("actual_minutes")
    side, level = item.get("type"), level_of(item.get("priority"))
    if side not in tuple(Side) or level is None or at is None:
        return None
    return Breach(
        side=Side(str(side)),
        at=at,
        found_at=found_at or at,
        priority=level,
        expected_minutes=expected if isinstance(expected, int) else 0,
        actual_minutes=actual if isinstance(actual, int) else 0,
        raised_to=level_of(item.get("raised_to")),
    )
