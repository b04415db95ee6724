"""A policy as text: the stored body of a version, and the file that a person writes.

The file is TOML; what it leaves out is at its default:

    [targets.high]
    response = "2h"
    resolution = "12h"

    [rules]
    order_value_over = 500      # EUR
    repeats_over = 3

    [limits]
    warn_at = "80%"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

from savctl.domain import times
from savctl.domain.model.priority import LEVELS, Priority, PriorityRules
from savctl.domain.sla.policy import MINUTE, TARGETS, Policy, Target, mistakes
from savctl.errors import InvalidInput

_PERCENT = re.compile(r"([0-9]{1,2})(?: ?%)?")
_PARTS = ("targets", "rules", "limits")
_SIDES = ("response", "resolution")


def body(policy: Policy) -> dict[str, Any]:
    """The content of a version, as it is stored and shown; spans in minutes."""
    return {
        "targets": {
            str(level): {
                "response_minutes": policy.targets[level].response // MINUTE,
                "resolution_minutes": policy.targets[level].resolution // MINUTE,
            }
            for level in LEVELS
        },
        "rules": {
            "order_value_over": str(policy.rules.order_value_over),
            "repeats_over": policy.rules.repeats_over,
        },
        "warn_at_percent": policy.warn_at_percent,
    }


def from_body(version: int, starts_at: datetime, stored: Mapping[str, Any]) -> Policy:
    """The version in a stored body.

    Raises:
        InvalidInput: it is none; another program or a newer savctl wrote it.
    """
    try:
        targets = {
            level: Target(
                timedelta(minutes=stored["targets"][level]["response_minutes"]),
                timedelta(minutes=stored["targets"][level]["resolution_minutes"]),
            )
            for level in LEVELS
        }
        rules = PriorityRules(
            order_value_over=Decimal(stored["rules"]["order_value_over"]),
            repeats_over=int(stored["rules"]["repeats_over"]),
        )
        return Policy(
            version=version,
            starts_at=starts_at,
            targets=targets,
            rules=rules,
            warn_at_percent=stored["warn_at_percent"],
        )
    except (KeyError, TypeError, ValueError, InvalidOperation) as problem:
        raise InvalidInput(
            f"version {version} of the SLA policy cannot be read: {problem!r}",
            hint="See the table savctl_sla_policies; was it written by a newer savctl?",
        ) from problem


def from_file(values: Mapping[str, Any]) -> Policy:
    """The policy in a person's file.

    Raises:
        InvalidInput: with every mistake in it, not only the first.
    """
    wrong = list(_unknown("", values, _PARTS))
    read = _Reader(wrong)
    policy = Policy(
        targets={level: _target(read, values, level) for level in LEVELS},
        rules=_rules(read, values),
        warn_at_percent=read(values, "limits", "warn_at", percent, None),
    )
    wrong += _unknown("targets.", read.part(values, "targets"), tuple(LEVELS))
    for level in LEVELS:
        wrong += _unknown(
            f"targets.{level}.", read.part(read.part(values, "targets"), level), _SIDES
        )
    wrong += _unknown("rules.", read.part(values, "rules"), ("order_value_over", "repeats_over"))
    wrong += _unknown("limits.", read.part(values, "limits"), ("warn_at",))
    wrong += mistakes(policy)
    if wrong:
        raise InvalidInput(
            f"mistakes in the policy: {len(wrong)}: " + "; ".join(dict.fromkeys(wrong)),
            hint="Use tables such as [targets.high] with response = '2h'.",
        )
    return policy


def percent(given: str) -> int:
    """`80`, `80%` or `80 %` as a whole number."""
    found = _PERCENT.fullmatch(given)
    if found is None or not int(found[1]):
        raise ValueError("must be from 1% to 99%")
    return int(found[1])


class _Reader:
    """Values out of the tables of a file; what is wrong is gathered."""

    def __init__(self, wrong: list[str]) -> None:
        self._wrong = wrong

    def part(self, values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        """A table, or nothing when it is not there or no table."""
        found = values.get(name, {})
        if isinstance(found, dict):
            return found
        self._wrong.append(f"{name} must be a table")
        return {}

    def __call__(
        self,
        values: Mapping[str, Any],
        place: str,
        name: str,
        parse: Callable[[str], Any],
        default: Any,
    ) -> Any:
        for step in place.split("."):
            values = self.part(values, step)
        if name not in values:
            return default
        try:
            return parse(str(values[name]))
        except (ValueError, InvalidOperation, InvalidInput) as problem:
            reason = problem.message if isinstance(problem, InvalidInput) else str(problem)
            if isinstance(problem, InvalidOperation):
                reason = "is not a number"
            self._wrong.append(f"{place}.{name} {values[name]!r}: {reason}")
            return default


def _target(read: _Reader, values: Mapping[str, Any], level: Priority) -> Target:
    place, usual = f"targets.{level}", TARGETS[level]
    return Target(
        read(values, place, "response", times.span, usual.response),
        read(values, place, "resolution", times.span, usual.resolution),
    )


def _rules(read: _Reader, values: Mapping[str, Any]) -> PriorityRules:
    usual = PriorityRules()
    return PriorityRules(
        order_value_over=read(values, "rules", "order_value_over", _money, usual.order_value_over),
        repeats_over=read(values, "rules", "repeats_over", _count, usual.repeats_over),
    )


def _money(given: str) -> Decimal:
    amount = Decimal(given)
    is_plain = given.isascii() and "_" not in given and given == given.strip()
    if not is_plain or not amount.is_finite() or amount < 0:
        raise ValueError("must be an amount from 0")
    return amount


def _count(given: str) -> int:
    if not given.isascii() or not given.isdecimal():
        raise ValueError("must be a whole number from 0")
    return int(given)


def _unknown(place: str, values: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[str]:
    for name in values:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            guess = f"; did you mean {near[0]}?" if near else ""
            yield f"{place}{name} is not known{guess}"
