"""The SLA policy: targets, priority rules and limits, in numbered versions (rules 4, 11.2).

A promise names the version it was given under, so an old breach stays explained by the policy
of its day, whatever the settings are by now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from types import MappingProxyType

from savctl.domain.model.priority import LEVELS, Priority, PriorityRules

MINUTE = timedelta(minutes=1)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Target:
    """How soon a ticket is to be answered and to be resolved; whole minutes."""

    response: timedelta
    resolution: timedelta


# Spec: Priority System and SLA, Priority Levels.
TARGETS: Mapping[Priority, Target] = MappingProxyType(
    {
        Priority.LOW: Target(timedelta(hours=48), timedelta(days=7)),
        Priority.MEDIUM: Target(timedelta(hours=24), timedelta(days=3)),
        Priority.HIGH: Target(timedelta(hours=4), timedelta(days=1)),
        Priority.URGENT: Target(timedelta(hours=1), timedelta(hours=4)),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One version: `starts_at` is when it was first in force, by its number it is pinned.

    `warn_at_percent` of a target, a ticket counts as close to its breach; None warns of none.
    """

    version: int = 1
    starts_at: datetime = BEGINNING
    targets: Mapping[Priority, Target] = field(default_factory=lambda: TARGETS)
    rules: PriorityRules = field(default_factory=PriorityRules)
    warn_at_percent: int | None = None

    def has_same_terms(self, other: Policy) -> bool:
        """Whether both hold the same, whatever their number and day."""
        return replace(self, version=other.version, starts_at=other.starts_at) == other


SPECIFIED = Policy()


@dataclass(frozen=True, slots=True)
class Policies:
    """The policy that holds for new promises, and every version there has been."""

    current: Policy = SPECIFIED
    past: tuple[Policy, ...] = ()

    def numbered(self, version: object) -> Policy | None:
        """The version of this number, if it is known."""
        if self.current.version == version:
            return self.current
        return next((p for p in self._all() if p.version == version), None)

    def of_the_day(self, moment: datetime | None) -> Policy:
        """What held at a moment, for a ticket whose promise names no version."""
        if moment is None or self.current.starts_at <= moment:
            return self.current
        before = [p for p in self._all() if p.starts_at <= moment]
        return max(before, key=lambda p: (p.starts_at, p.version), default=SPECIFIED)

    def same_as(self, wanted: Policy) -> Policy | None:
        """The version with the same content as `wanted`, the newest of them."""
        same = [p for p in self._all() if p.has_same_terms(wanted)]
        return max(same, key=lambda p: p.version, default=None)

    @property
    def next_version(self) -> int:
        """The number of the version after all of these."""
        return max(p.version for p in self._all()) + 1

    def _all(self) -> Iterable[Policy]:
        return (self.current, *self.past, SPECIFIED)


def mistakes(policy: Policy, *, named: str = "targets.{}.{}") -> list[str]:
    """What is wrong with a policy, each in a sentence; empty when it can be used.

    `named` is how a target is called where the policy was written, by level and side.
    """
    found = [
        wrong for level in LEVELS for wrong in _wrong_targets(level, policy.targets[level], named)
    ]
    for (lower, higher), side in product(pairwise(LEVELS), ("response", "resolution")):
        if getattr(policy.targets[higher], side) > getattr(policy.targets[lower], side):
            longer, shorter = named.format(higher, side), named.format(lower, side)
            found.append(f"{longer} is longer than {shorter}")
    if policy.warn_at_percent is not None and not 1 <= policy.warn_at_percent <= 99:
        found.append("warn_at must be from 1 to 99 percent")
    return found


def _wrong_targets(level: Priority, target: Target, named: str) -> Iterator[str]:
    for side, span in (("response", target.response), ("resolution", target.resolution)):
        if span < MINUTE or span % MINUTE:
            yield f"{named.format(level, side)} must be whole minutes, at least one"
    if target.response > target.resolution:
        response, resolution = (named.format(level, s) for s in ("response", "resolution"))
        yield f"{response} is longer than {resolution}"
