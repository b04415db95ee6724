"""What was promised for a ticket, and the stretches of its life (rules 4.2, 4.4, 4.5).

Pure functions of the ticket and its history; nothing is accumulated. All instants are cut to the
second, as the columns of the schema keep them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

from savctl.domain.clock import instant, to_the_second
from savctl.domain.model.history import CHAIN, Action, HistoryEntry, entry_from
from savctl.domain.model.priority import Priority, level_of
from savctl.domain.model.states import Status, status_of
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.policy import Policies, Policy, Target

COUNTED = frozenset({Status.OPEN, Status.IN_PROGRESS})
ESCALATED = "response SLA breached"  # how the reason of an automatic raise begins
RAISED_BY_ORDER = "order facts"  # and that of a raise by what the orders service reported
_AUTOMATIC = (ESCALATED, RAISED_BY_ORDER)
_BY_STAMPS = "by the ticket's columns"
# To look a member of an Enum up takes longer than to compare it; what is compared may be no text.
_CREATED, _STATUS, _STEPS = str(Action.CREATED), str(Action.STATUS), tuple(map(str, CHAIN))
_PRIORITY: frozenset[str] = frozenset({Action.PRIORITY})
_NOTHING = timedelta()


class ClockSource(StrEnum):
    """What a ticket's clock is computed from."""

    HISTORY = "history"
    DERIVED = "derived"  # columns only, at least for the time before its first entry
    PARTIAL = "partial"  # a history that contradicts its row: reported, never escalated


class Segment(NamedTuple):
    """A stretch of the ticket's life in one status: from `start` (included) to `end`.

    `cause` is why it began; `actor` who did it, None for the system.
    """

    status: Status
    start: datetime
    end: datetime
    cause: str | None = None
    actor: int | None = None

    @property
    def counted(self) -> timedelta:
        """What it adds to the resolution clock; a stretch that runs backwards adds nothing."""
        if self.status not in COUNTED or self.end < self.start:
            return _NOTHING
        return self.end - self.start


_HISTORY = ClockSource.HISTORY
_Item = Mapping[str, Any]  # an entry of a history as it is stored


# How a stretch begins: status, start, cause and actor; its end is where the next one begins.
Beginning = tuple[Status, datetime, str | None, int | None]


class Timeline(NamedTuple):
    """A ticket's life up to a moment, where it was read from, and what contradicts it."""

    segments: tuple[Segment, ...]
    source: ClockSource = ClockSource.HISTORY
    problem: str | None = None


class Promise(NamedTuple):
    """What was promised: of creation, or of the last change by hand (rules 4.2)."""

    priority: Priority
    policy: Policy
    since: datetime | None = None

    @property
    def target(self) -> Target:
        """The targets that hold."""
        return self.policy.targets[self.priority]


class Promised(Protocol):
    """Whatever was promised something: its priority and when it was created."""

    @property
    def priority(self) -> Priority:
        """Its present priority."""
        ...

    @property
    def created_at(self) -> datetime | None:
        """When it was created, None where another program left that out."""
        ...


def promise(ticket: Ticket, policies: Policies | None = None) -> Promise:
    """What is promised; by default the present priority under the policy of the day."""
    stored = ticket.metadata.object_at("sla").get("promise")
    return promise_of(stored, ticket, policies or Policies())


def promise_of(stored: object, ticket: Promised, known: Policies) -> Promise:
    """The promise that a ticket's metadata holds, or, where it holds none, the usual one."""
    level = level_of(stored.get("priority")) if isinstance(stored, dict) else None
    if not isinstance(stored, dict) or level is None:
        policy = known.of_the_day(ticket.created_at)
        # nobody promised by a priority that there is not; its timeline is partial
        level = ticket.priority if ticket.priority.is_known else Priority.MEDIUM
        return Promise(level, policy, ticket.created_at)
    since = instant(stored.get("since"))
    policy = known.numbered(stored.get("policy")) or known.of_the_day(since or ticket.created_at)
    return Promise(level, policy, since)


def promise_at(
    ticket: Ticket,
    moment: datetime | None,
    policies: Policies | None = None,
    *,
    given: Promise | None = None,
) -> Promise:
    """What was promised at a moment: an answer in time is not made late by a later change.

    `given` is what is promised now, for whoever has asked already.
    """
    given = given or promise(ticket, policies)
    if moment is None or given.since is None or given.since <= moment:
        return given
    changes = [e for e in ticket.metadata.history_of(_PRIORITY) if _sets_a_priority(e)]
    earlier = [e for e in changes if to_the_second(e.at) <= moment and not is_automatic(e)]
    if not changes or to_the_second(changes[0].at) > given.since:
        return given
    level = earlier[-1].after if earlier else changes[0].before
    since = to_the_second(earlier[-1].at) if earlier else ticket.created_at
    policy = (policies or Policies()).of_the_day(since)
    return Promise(priority=Priority(str(level)), policy=policy, since=since)


def is_automatic(entry: HistoryEntry) -> bool:
    """Whether a change of priority was automatic, which moves no promise (rules 4.2, 14.1)."""
    return entry.actor is None and (entry.reason or "").startswith(_AUTOMATIC)


def _sets_a_priority(entry: HistoryEntry) -> bool:
    return level_of(entry.before) is not None and level_of(entry.after) is not None


def entered(ticket: Ticket) -> list[Beginning]:
    """When the ticket entered each status: the beginnings of its timeline, for counting only."""
    return _beginnings(ticket)[0]


def timeline(ticket: Ticket, *, until: datetime) -> Timeline:
    """The ticket's life up to `until`, oldest stretch first."""
    now = to_the_second(until)
    begun, proofs = _beginnings(ticket)
    problem = _odd(ticket)
    if not proofs:
        source = ClockSource.PARTIAL if problem else ClockSource.DERIVED
        return Timeline(joined(begun, now), source, problem)
    if problem is None and not _is_sound(ticket, proofs, begun):
        problem = _contradiction(ticket, proofs, begun)
    source = ClockSource.PARTIAL if problem else _source(proofs[0])
    return Timeline(joined(begun, now), source, problem)


def segments(ticket: Ticket, *, until: datetime) -> tuple[Segment, ...]:
    """The stretches of the ticket's life up to `until`, oldest first."""
    return joined(_beginnings(ticket)[0], to_the_second(until))


def counted(stretches: Iterable[Segment]) -> timedelta:
    """What these stretches add to the resolution clock together."""
    total = _NOTHING
    for status, start, end, _, _ in stretches:
        if status in COUNTED and start <= end:  # as `Segment.counted`, without a call for each
            total += end - start
    return total


def resolution_elapsed(ticket: Ticket, *, until: datetime) -> timedelta:
    """How long the resolution clock has run."""
    return counted(segments(ticket, until=until))


def is_resolution_met(
    ticket: Ticket, *, until: datetime, policies: Policies | None = None
) -> bool:
    """Whether the resolution target still held; exactly on time is met (rules 4.6)."""
    return resolution_elapsed(ticket, until=until) <= promise(ticket, policies).target.resolution


def _beginnings(ticket: Ticket) -> tuple[list[Beginning], list[_Item]]:
    """How the stretches begin, and the entries that prove it: none where the columns do.

    `entry_from` by hand, because reports and scans look at millions of entries.
    """
    proofs: list[_Item] = []
    steps: list[Beginning] = []
    for item in ticket.metadata.history_items:
        if not isinstance(item, dict) or (action := item.get("action")) not in _STEPS:
            continue
        status, actor = status_of(item.get("to")), item.get("actor")
        if status is None or not (actor is None or isinstance(actor, int)):
            continue
        if (at := instant(item.get("at"))) is None:
            continue
        if action == _CREATED and ticket.created_at is not None:
            at = ticket.created_at
        reason = item.get("reason")
        cause = reason if reason and isinstance(reason, str) else action
        proofs.append(item)
        steps.append((status, to_the_second(at), cause, actor))
    if not proofs:
        return [*_derived(ticket)], proofs
    if proofs[0]["action"] == _CREATED:
        return steps, proofs
    return [*_before(ticket, _entry(proofs[0])), *steps], proofs


def _entry(item: _Item) -> HistoryEntry:
    """The entry of an item that is one."""
    found = entry_from(item)
    if found is None:
        raise ValueError("the item is no entry")
    return found


def joined(begun: Sequence[Beginning], now: datetime) -> tuple[Segment, ...]:
    """Each stretch ends where the next one begins, the last one now."""
    ends = [start for _, start, _, _ in begun]
    ends.append(now)
    del ends[0]
    return tuple(
        [
            Segment(status, start, end, cause, actor)
            for (status, start, cause, actor), end in zip(begun, ends, strict=False)
        ]
    )


def _before(ticket: Ticket, first: HistoryEntry) -> Iterator[Beginning]:
    """The time before a history that does not begin with the ticket's creation.

    An imported ticket's entry stands where its stamps place the entry into its status; as for a
    ticket without history, the clock ran until it waited or was solved.
    """
    born, entered = ticket.created_at, to_the_second(first.at)
    if first.action == Action.CREATED or born is None or entered <= born:
        return
    status = Status.OPEN if first.action == Action.IMPORTED else _status(first.before)
    yield status, born, "created, by another program", None
    if first.action == Action.IMPORTED and first.after == Status.CLOSED:
        yield from _solved(ticket.resolved_at, until=entered)


def _solved(at: datetime | None, *, until: datetime | None) -> Iterator[Beginning]:
    """The stretch between solution and end, where stamps show both."""
    if at is not None and (until is None or at < until):
        yield Status.RESOLVED, at, _BY_STAMPS, None


def _status(stored: object) -> Status:
    return status_of(stored) or Status.OPEN


def _source(first: _Item) -> ClockSource:
    return _HISTORY if first["action"] == _CREATED else ClockSource.DERIVED


def _odd(ticket: Ticket) -> str | None:
    """What of the ticket no clock can be computed from, if there is such a thing."""
    if ticket.status.is_known and ticket.priority.is_known:  # nearly always: asked for each ticket
        return None
    odd = ticket.odd_values
    return f"the ticket has {' and '.join(odd)}"


def _is_sound(ticket: Ticket, proofs: Sequence[_Item], begun: Sequence[Beginning]) -> bool:
    """Whether nothing of the history contradicts anything, as of nearly every ticket."""
    starts = [start for _, start, _, _ in begun]
    if proofs[0]["action"] != _CREATED or starts != sorted(starts):
        return False
    after: object = proofs[0]["to"]
    for item in proofs[1:]:
        if item.get("from") != after and item["action"] == _STATUS:
            return False
        after = item["to"]
    return after == ticket.status


def _contradiction(
    ticket: Ticket, proofs: Sequence[_Item], begun: Sequence[Beginning]
) -> str | None:
    """Why the history cannot be true, if it cannot."""
    entries = [_entry(item) for item in proofs]
    last = entries[-1]
    if last.after != ticket.status:
        return f"the history ends in {last.after}, the ticket is {ticket.status}"
    for (before, before_at, *_), (after, after_at, *_) in pairwise(begun):
        if after_at < before_at:
            return f"the history runs backwards: {after} begins before {before}"
    for earlier, entry in pairwise(entries):
        if entry.action == Action.STATUS and entry.before != earlier.after:
            return f"the history has a gap: {earlier.after}, then {entry.before} → {entry.after}"
    first = entries[0]
    if first.action == Action.STATUS and _status(first.before) not in COUNTED:
        return f"the history begins in {first.before}: when that began is not known"
    return None


def _derived(ticket: Ticket) -> Iterator[Beginning]:
    """The same for a ticket without history: another program made it (rules 4.5)."""
    start = ticket.created_at or ticket.updated_at
    if start is None:
        return
    counted = ticket.status in COUNTED
    yield ticket.status if counted else Status.OPEN, start, "created", None
    if ticket.status is Status.CLOSED:
        yield from _solved(ticket.resolved_at, until=ticket.closed_at)
    left = {
        Status.WAITING_CUSTOMER: ticket.updated_at,
        Status.RESOLVED: ticket.resolved_at or ticket.updated_at,
        Status.CLOSED: ticket.closed_at or ticket.resolved_at or ticket.updated_at,
    }.get(ticket.status)
    if left is not None:
        yield ticket.status, left, _BY_STAMPS, None
