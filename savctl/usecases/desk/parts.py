"""The parts of the desk, each read by a few queries of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from savctl.domain.privacy.erasure import ErasureState
from savctl.domain.sla.policy import Policies
from savctl.persistence.backups import records
from savctl.persistence.desk import queue_counts, run_board
from savctl.persistence.desk.open_erasures import open_erasures
from savctl.persistence.engine import OpenConnection
from savctl.persistence.events import outbox_queue
from savctl.usecases.desk.due_next import due_next
from savctl.usecases.desk.model import (
    AgentLoad,
    BackupLine,
    ErasureCounts,
    ErrorLine,
    EventCounts,
    JobBoard,
    QueueCounts,
)

SOON = timedelta(days=7)
_ERRORS = 20
_AGENTS = 200

Part = Callable[[OpenConnection, datetime], Any]


def queue(connection: OpenConnection, _: datetime) -> QueueCounts:
    """Tickets by status and priority."""
    return QueueCounts(
        counts=queue_counts.by_status(connection), unassigned=queue_counts.unassigned(connection)
    )


def breaches(connection: OpenConnection, _: datetime) -> Mapping[str, int]:
    """Targets that passed and whose clock still runs, by side."""
    return queue_counts.running_breaches(connection)


def agents(connection: OpenConnection, _: datetime) -> Sequence[AgentLoad]:
    """Agents by id, those with most to do first."""
    held = queue_counts.by_agent(connection)
    loads = [
        AgentLoad(
            agent_id=agent_id,
            open=counts.get("open", 0),
            in_progress=counts.get("in_progress", 0),
            waiting_customer=counts.get("waiting_customer", 0),
        )
        for agent_id, counts in held.items()
    ]
    return sorted(loads, key=lambda load: (-load.active, load.agent_id))[:_AGENTS]


def events(connection: OpenConnection, now: datetime) -> EventCounts:
    """The outbox."""
    counts = outbox_queue.counts(connection, now=now)
    return EventCounts(
        waiting=counts["waiting"],
        dead=counts["dead"],
        skipped=counts["skipped"],
        refusals=counts["refusals"],
        oldest_at=counts["oldest_at"],
    )


def backups(connection: OpenConnection, _: datetime) -> Sequence[BackupLine]:
    """The newest backup of each kind that there is."""
    ages = records.ages(connection)
    return [
        BackupLine(
            kind=kind,
            made_at=made_at,
            proven_at=ages.last_proven if kind == records.BackupKind.DUMP else None,
            bytes=ages.bytes_by_kind[kind],
        )
        for kind, made_at in sorted(ages.last_success.items())
    ]


def erasures(connection: OpenConnection, now: datetime) -> ErasureCounts:
    """Requests that are not carried out; one that a legal hold keeps is not late."""
    found = open_erasures(connection)
    terms = [due_at for state, due_at in found if state != ErasureState.HELD]
    return ErasureCounts(
        open=len(terms),
        late=sum(due_at < now for due_at in terms),
        due_soon=sum(now <= due_at <= now + SOON for due_at in terms),
        held=len(found) - len(terms),
        next_due_at=min(terms, default=None),
    )


def errors(connection: OpenConnection, now: datetime) -> Sequence[ErrorLine]:
    """The newest runs that went wrong."""
    return [
        ErrorLine(
            run_id=run.id,
            job=run.job,
            at=run.finished_at or run.started_at,
            status=str(run.status),
            failed=run.failed,
            error=run.error,
        )
        for run in run_board.last_errors(connection, now=now, limit=_ERRORS)
    ]


def all_parts(
    *, board: Callable[[OpenConnection], JobBoard], policies: Callable[[], Policies]
) -> Mapping[str, Part]:
    """The parts by their names; `board` reads the jobs, which only the scheduler understands."""
    return MappingProxyType(
        {
            "work": lambda connection, _: board(connection),
            "queue": queue,
            "events": events,
            "backups": backups,
            "erasures": erasures,
            "errors": errors,
            "due": lambda connection, now: due_next(connection, now=now, policies=policies()),
            "breaches": breaches,
            "agents": agents,
        }
    )
