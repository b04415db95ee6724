"""Tickets made of the steps of a golden life, without the rules that are to be tested."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from savctl.domain.clock import second_text, to_the_second
from savctl.domain.model.history import HistoryEntry
from savctl.domain.model.metadata import EMPTY
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.clock import SideClock, SlaClock, clock
from savctl.domain.sla.policy import TARGETS, Policies, Policy, Target
from savctl.domain.sla.targets import ESCALATED
from tests.given import AGENT, BOSS, CUSTOMER

USUAL = "2025-05-05T10:00:00Z"
_PART = re.compile(r"([0-9.]+)([dhms])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
MOVES = {
    "waiting": "waiting_customer",
    "working": "in_progress",
    "resolved": "resolved",
    "closed": "closed",
}
HALVED = Policy(
    version=2,
    targets={**TARGETS, Priority.HIGH: Target(timedelta(hours=2), timedelta(hours=12))},
)
POLICIES = Policies(past=(HALVED,))


@dataclass
class Life:
    """What the steps have come to so far."""

    base: datetime
    status: str = "open"
    priority: str = "medium"
    promise: dict[str, object] = field(default_factory=dict)
    entries: list[HistoryEntry] = field(default_factory=list)
    answers: list[datetime] = field(default_factory=list)
    stamps: dict[str, Any] = field(default_factory=dict)
    members: dict[str, object] = field(default_factory=dict)

    def step(self, at: datetime, what: str, words: list[str], policy: int) -> None:
        """One thing that happens."""
        self.stamps["updated_at"] = to_the_second(at)
        if what == "created":
            self.priority = words[0]
            self.enter(at, "created", None, "open")
            self.promise = _promise(words[0], policy, at)
        elif what == "imported":
            self.entries.clear()
            self.enter(at, "imported", None, words[0])
        elif what == "assigned" and self.status == "open":
            self.enter(at, "status", "open", "in_progress")
        elif what == "unassigned":
            self.enter(at, "status", "in_progress", "open")
        elif what in MOVES:
            before = "waiting_customer" if what == "working" else self.status
            before = "resolved" if self.status == "resolved" else before
            self.enter(at, "status", before, MOVES[what])
        else:
            self.tell(at, what, words, policy)

    def tell(self, at: datetime, what: str, words: list[str], policy: int) -> None:
        """A step that changes no status."""
        if what in {"priority", "raised"}:
            self.level(at, words[0], policy, by_hand=what == "priority")
        elif what == "says":
            self.answers.append(at.replace(microsecond=0))
        elif what in {"merged_into", "merged_from"}:
            self.members[what] = {"ticket_id": 9, "at": second_text(at)}

    def enter(self, at: datetime, action: str, before: str | None, after: str) -> None:
        """A change of status."""
        actor = CUSTOMER if action == "created" else AGENT
        self.entries.append(
            HistoryEntry(at=at, actor=actor, action=action, before=before, after=after)
        )
        self.status = after
        if after in {"resolved", "closed"}:
            self.stamps[f"{after}_at"] = to_the_second(at)
        if after == "in_progress":
            self.stamps.pop("resolved_at", None)

    def level(self, at: datetime, to: str, policy: int, *, by_hand: bool) -> None:
        """A change of priority."""
        reason = "angry" if by_hand else f"{ESCALATED}: 1440 min promised"
        self.entries.append(
            HistoryEntry(
                at=at,
                actor=BOSS if by_hand else None,
                action="priority",
                before=self.priority,
                after=to,
                reason=reason,
            )
        )
        self.priority = to
        if by_hand:
            self.promise = _promise(to, policy, at)


def seen(case: dict[str, Any]) -> tuple[Ticket, SlaClock]:
    """The ticket of a golden life, and its clocks at its `now`."""
    base = datetime.fromisoformat(case.get("base", USUAL)).astimezone(UTC)
    life = Life(base)
    for step in case["steps"].split(";"):
        moment, what, *words = step.split()
        life.step(_moment(base, moment), what, words, case.get("policy", 1))
    ticket = _ticket(life, case)
    answered_at = min(life.answers, default=None)
    now = _moment(base, case["now"])
    return ticket, clock(ticket, now=now, answered_at=answered_at, policies=POLICIES)


def side_text(side: SideClock, base: datetime) -> str:
    """A clock in the words of the golden lives."""
    values = {True: "met", False: "late", None: "open"}[side.is_met]
    late = f" at {span(side.passed_at - base)}" if side.passed_at is not None else ""
    return f"{span(side.elapsed)} {values}{late}"


def span(length: timedelta) -> str:
    """As long as a golden life says it: whole hours up to two days and more, else days."""
    seconds = int(length.total_seconds())
    days, rest = divmod(seconds, 86_400)
    hours, minutes, left = rest // 3_600, rest % 3_600 // 60, rest % 60
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (left, "s"))
    return "".join(f"{n}{unit}" for n, unit in parts if n) or "0s"


def same(text: str) -> str:
    """A golden line with its spans in one spelling: 48h is 2d."""
    return re.sub(r"(?:\d+[dhms])+", lambda m: span(length(m[0])), text)


def length(text: str) -> timedelta:
    """`1h0.9s` as a span, `-5m` as a negative one."""
    parts = {_UNITS[unit]: float(number) for number, unit in _PART.findall(text)}
    found = timedelta(**parts)
    return -found if text.startswith("-") else found


def _ticket(life: Life, case: dict[str, Any]) -> Ticket:
    members: dict[str, object] = {"sla": {"promise": life.promise, "breaches": []}, **life.members}
    metadata = EMPTY.with_members(**members).with_history(life.entries)
    if case.get("forgets"):
        metadata = EMPTY
    status = Status(case.get("status", life.status))
    return Ticket(
        id=1,
        ticket_number="TKT-GOLDEN",
        user_id=CUSTOMER,
        subject="s",
        description="d",
        priority=Priority(life.priority),
        status=status,
        assigned_to=None if status is Status.OPEN else AGENT,
        metadata=metadata,
        created_at=to_the_second(life.base),
        updated_at=life.stamps["updated_at"],
        resolved_at=life.stamps.get("resolved_at"),
        closed_at=life.stamps.get("closed_at"),
    )


def _promise(priority: str, policy: int, at: datetime) -> dict[str, object]:
    return {"priority": priority, "policy": policy, "since": second_text(at)}


def _moment(base: datetime, text: str) -> datetime:
    if text.startswith("@"):
        return datetime.fromisoformat(text[1:]).astimezone(UTC)
    return base + length(text)
