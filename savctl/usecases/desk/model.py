"""The desk as it is read (rules 18.5, 18.6): counts, times and ids; no names and no texts.

A part that was not read yet is None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCounts:
    """Tickets that are not closed, by (status, priority); `unassigned` are open ones."""

    counts: Mapping[tuple[str, str], int]
    unassigned: int

    def of_status(self, status: str) -> int:
        """All of one status, with priorities that the schema does not know."""
        return sum(count for (each, _), count in self.counts.items() if each == status)

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class NextTarget:
    """An SLA target that passes next; `at` is past when no scan has written the breach down."""

    ticket_id: int
    ticket_number: str
    status: str
    priority: str
    assigned_to: int | None
    side: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLoad:
    """What one agent has to do."""

    agent_id: int
    open: int
    in_progress: int
    waiting_customer: int

    @property
    def active(self) -> int:
        """All that is not solved."""
        return self.open + self.in_progress + self.waiting_customer


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLine:
    """How things stand with one job.

    `due_since` is the oldest slot that nobody has begun, `why` a sentence about the job as it
    stands now, without the text of an error.
    """

    job: str
    last_status: str | None
    last_started_at: datetime | None
    last_finished_at: datetime | None
    last_run_id: int | None
    next_slot: datetime | None
    due_since: datetime | None
    is_overdue: bool
    running_on: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseLine:
    """A lease that somebody holds; `seconds_left` is below zero for one that has run out."""

    lease: str
    owner: str
    seconds_left: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JobBoard:
    """Jobs, leases, and the schedulers that are alive."""

    jobs: Sequence[JobLine]
    leases: Sequence[LeaseLine]
    schedulers: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCounts:
    """The outbox: what waits and is dead, and the moment at which the oldest waiting happened."""

    waiting: int
    dead: int
    skipped: int
    refusals: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupLine:
    """The newest backup of one kind; `proven_at` is when one was restored as a test."""

    kind: str
    made_at: datetime | None
    proven_at: datetime | None
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureCounts:
    """Requests of erasure: open ones, late, due within seven days, kept by legal holds."""

    open: int
    late: int
    due_soon: int
    held: int
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorLine:
    """A run that went wrong; `error` is its text, which may quote what a job worked on."""

    run_id: int
    job: str
    at: datetime
    status: str
    failed: int
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """All parts, each as it was read last; `read_at` is when by the name of the part."""

    at: datetime
    queue: QueueCounts | None = None
    breaches: Mapping[str, int] | None = None
    due: Sequence[NextTarget] | None = None
    agents: Sequence[AgentLoad] | None = None
    work: JobBoard | None = None
    events: EventCounts | None = None
    backups: Sequence[BackupLine] | None = None
    erasures: ErasureCounts | None = None
    errors: Sequence[ErrorLine] | None = None
    read_at: Mapping[str, datetime] = field(default_factory=dict)
