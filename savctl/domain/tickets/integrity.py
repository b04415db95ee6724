"""Whether a ticket keeps every invariant, and what it looks like when it is put right.

Pure: the ticket's columns, its audited history and the time go in, words and values come out.
A ticket that another program made has no history; that breaks nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from savctl.domain.clock import micro_text, second_text, to_the_second
from savctl.domain.clock_skew import SKEW_LIMIT
from savctl.domain.model.history import Action, HistoryEntry, entry_from
from savctl.domain.model.metadata import Metadata
from savctl.domain.model.states import Status
from savctl.domain.model.status_chain import (
    Item,
    StatusChain,
    first_out_of_order,
    lost,
    merge_histories,
    unaudited,
)
from savctl.domain.model.ticket import NOBODY, Ticket

# Other programs' clocks differ a little; savctl's own entries never run backwards.
SKEW = timedelta(seconds=30)
# A host may be so far ahead of the one that checks, and write (rules 20.9). Up to the second limit
# a clock was set while an embedded database was in use; a wrong time zone is off by more.
AHEAD = SKEW_LIMIT
FAR_AHEAD = timedelta(minutes=15)
_STAMPS = ("created_at", "updated_at", "resolved_at", "closed_at")


@dataclass(frozen=True, slots=True)
class InvariantProblem:
    """One broken invariant of one ticket, in words."""

    check: str
    detail: str
    is_repairable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The columns of a ticket that the invariants are about; `odd_times` are stored times that
    are none, each with its column. An anonymous ticket lost its person, and with them what its
    history and the audit had in common.
    """

    id: int
    number: str
    status: Status
    assigned_to: int | None
    metadata: Metadata
    created_at: datetime | None
    updated_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    odd_times: tuple[str, ...] = ()
    is_anonymous: bool = False

    @classmethod
    def of(cls, ticket: Ticket) -> Facts:
        """Those of a ticket."""
        return cls(
            id=ticket.id,
            number=ticket.ticket_number,
            status=ticket.status,
            assigned_to=ticket.assigned_to,
            metadata=ticket.metadata,
            created_at=ticket.created_at,
            updated_at=ticket.updated_at,
            resolved_at=ticket.resolved_at,
            closed_at=ticket.closed_at,
            is_anonymous=ticket.user_id == NOBODY,
        )


@dataclass(frozen=True, slots=True)
class StampRepair:
    """The value a stamp should have, as an unbroken history proves."""

    check: str
    column: str
    value: datetime | None


@dataclass(frozen=True, slots=True)
class Repaired:
    """A ticket put right, and what was done to it, for the audit; empty when nothing was."""

    ticket: Ticket
    done: tuple[dict[str, object], ...]


def problems(
    facts: Facts, *, audited: Sequence[Item], now: datetime, skew: timedelta = SKEW
) -> list[InvariantProblem]:
    """Every invariant the ticket breaks; `audited` are its history entries in the audit."""
    history = facts.metadata.history
    past = StatusChain.of(history)
    return [
        *_agent(facts),
        *_stamps(facts, past),
        *(InvariantProblem("time-unreadable", odd) for odd in facts.odd_times),
        *_future(facts, history, now),
        *_history(facts, history, past, skew),
        *_metadata(facts.metadata, _comparable(facts, audited)),
    ]


def repair(ticket: Ticket, *, audited: Sequence[Item]) -> Repaired:
    """The ticket with everything put right that is safe; `updated_at` stays as it is."""
    audited = _comparable(Facts.of(ticket), audited)
    metadata, done = _repaired_metadata(ticket.metadata, audited)
    ticket = ticket.changed(metadata=metadata)
    facts = Facts.of(ticket)
    for stamp in _provable(facts, StatusChain.of(metadata.history)):
        old = getattr(ticket, stamp.column)
        ticket = ticket.changed(**{stamp.column: stamp.value})
        done.append({"check": stamp.check, "from": _text(old), "to": _text(stamp.value)})
    return Repaired(ticket, tuple(done))


def _agent(facts: Facts) -> Iterator[InvariantProblem]:
    if facts.status is Status.OPEN and facts.assigned_to is not None:
        yield InvariantProblem("agent-on-open", f"open, but agent {facts.assigned_to} has it")
    if facts.assigned_to is None and facts.status is Status.IN_PROGRESS:
        yield InvariantProblem("agent-missing", "in_progress without an agent")
    if facts.assigned_to is None and facts.status is Status.WAITING_CUSTOMER:
        yield InvariantProblem("agent-missing-waiting", "waiting_customer without an agent")


def _stamps(facts: Facts, past: StatusChain) -> Iterator[InvariantProblem]:
    provable = {stamp.check for stamp in _provable(facts, past)}
    for check in _wrong_stamps(facts, past):
        column = check.removesuffix("-missing").removesuffix("-left").replace("-", "_")
        is_set = "has" if check.endswith("-left") else "lacks"
        yield InvariantProblem(check, f"{facts.status}, {is_set} {column}", check in provable)


def _wrong_stamps(facts: Facts, past: StatusChain) -> Iterator[str]:
    """`closed` keeps the `resolved_at` it came with; without a history either is right."""
    is_resolved = facts.resolved_at is not None
    if facts.status is not Status.CLOSED:
        if is_resolved != (facts.status is Status.RESOLVED):
            yield "resolved-at-left" if is_resolved else "resolved-at-missing"
    elif past.last is not None and past.last.action == Action.STATUS:
        was_resolved = past.last.before == Status.RESOLVED
        if past.proves(Status.CLOSED) and is_resolved != was_resolved:
            yield "resolved-at-left" if is_resolved else "resolved-at-missing"
    if (facts.closed_at is not None) != (facts.status is Status.CLOSED):
        yield "closed-at-left" if facts.closed_at is not None else "closed-at-missing"


def _provable(facts: Facts, past: StatusChain) -> Iterator[StampRepair]:
    if not past.proves(facts.status):
        return
    for check in _wrong_stamps(facts, past):
        of_resolving = check.startswith("resolved")
        column = "resolved_at" if of_resolving else "closed_at"
        at = past.entered_at(Status.RESOLVED if of_resolving else Status.CLOSED)
        if check.endswith("-missing") and at is not None:
            yield StampRepair(check, column, to_the_second(at))
        elif check == "resolved-at-left" or (check == "closed-at-left" and at is None):
            yield StampRepair(check, column, None)


def _future(
    facts: Facts, history: Sequence[HistoryEntry], now: datetime
) -> Iterator[InvariantProblem]:
    for name in _STAMPS:
        at: datetime | None = getattr(facts, name)
        if at is not None and at > now + AHEAD:
            yield InvariantProblem(_ahead(at, now), f"{name} is {second_text(at)}")
    entry = next((e for e in history if e.at > now + AHEAD), None)
    if entry is not None:
        detail = f"history has {entry.action} at {micro_text(entry.at)}"
        yield InvariantProblem(_ahead(entry.at, now), detail)


def _ahead(at: datetime, now: datetime) -> str:
    return "time-in-future" if at > now + FAR_AHEAD else "time-ahead"


def _history(
    facts: Facts, history: Sequence[HistoryEntry], past: StatusChain, skew: timedelta
) -> Iterator[InvariantProblem]:
    if past.breaks:
        yield InvariantProblem("history-broken", past.breaks[0])
    if past.last is not None and past.last.after != facts.status:
        yield InvariantProblem(
            "history-end", f"ends in {past.last.after}, the ticket is {facts.status}"
        )
    backwards = first_out_of_order(history, skew=skew)
    if backwards is not None:
        yield InvariantProblem(
            "history-order", f"{backwards.action} at {micro_text(backwards.at)}"
        )
    foreign = len(facts.metadata.history_items) - len(history)
    if foreign:
        yield InvariantProblem("history-foreign", f"{foreign} entries")


def _comparable(facts: Facts, audited: Sequence[Item]) -> Sequence[Item]:
    """The audited entries that the history must have: of an anonymous ticket it has its own."""
    if not facts.is_anonymous:
        return audited
    return [item for item in facts.metadata.history_items if isinstance(item, dict)]


def _metadata(metadata: Metadata, audited: Sequence[Item]) -> Iterator[InvariantProblem]:
    if metadata.is_broken:
        yield InvariantProblem(
            "metadata-unreadable", "metadata is not a JSON object", is_repairable=True
        )
    if metadata.history_items == audited:
        return
    missing = lost(metadata.history_items, audited)
    if missing:
        detail = f"{len(missing)} of {len(audited)} entries, first {_named(missing[0])}"
        yield InvariantProblem("audit-lost", detail, is_repairable=True)
    unknown = unaudited(metadata.history_items, audited)
    if unknown:
        yield InvariantProblem(
            "audit-unknown", f"{len(unknown)} entries, first {_named(unknown[0])}"
        )


def _repaired_metadata(
    metadata: Metadata, audited: Sequence[Item]
) -> tuple[Metadata, list[dict[str, object]]]:
    done: list[dict[str, object]] = []
    if metadata.is_broken:
        done.append({"check": "metadata-unreadable", "kept_as": "unreadable"})
        metadata = Metadata.read(metadata.text())
    missing = lost(metadata.history_items, audited)
    if not missing:
        return metadata, done
    done.append({"check": "audit-lost", "entries": len(missing)})
    if isinstance(metadata.get("history", []), list):
        whole = merge_histories(metadata.history_items, audited)
        return metadata.with_members(history=whole), done
    # a history that is no list is moved aside by the first entry appended
    entries = [entry for item in missing if (entry := entry_from(item)) is not None]
    return metadata.with_history(entries), done


def _named(item: Item) -> str:
    return f"{item.get('action')} at {item.get('at')}"


def _text(moment: datetime | None) -> str | None:
    return second_text(moment) if moment else None
