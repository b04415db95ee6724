"""The desk as JSON: one object, its keys do not change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from savctl.domain.model.priority import Priority
from savctl.persistence.desk.queue_counts import QUEUED
from savctl.usecases.desk.model import Desk, QueueCounts


def desk_row(desk: Desk) -> dict[str, object]:
    """The whole desk."""
    queue, work = desk.queue, desk.work
    return {
        "at": desk.at,
        "queue": queue_rows(queue) if queue else [],
        "unassigned": queue.unassigned if queue else None,
        "running_breaches": dict(desk.breaches) if desk.breaches is not None else None,
        "due": _plain(desk.due),
        "agents": [
            {**row, "active": load.active}
            for row, load in zip(_plain(desk.agents), desk.agents or (), strict=True)
        ],
        "jobs": _plain(work.jobs if work else None),
        "leases": _plain(work.leases if work else None),
        "schedulers": list(work.schedulers) if work else [],
        "events": asdict(desk.events) if desk.events else None,
        "backups": _plain(desk.backups),
        "erasures": asdict(desk.erasures) if desk.erasures else None,
        "errors": _plain(desk.errors),
    }


def queue_rows(queue: QueueCounts) -> list[dict[str, object]]:
    """A row for each status, with the urgent first."""
    return [
        {
            "status": str(status),
            **{str(p): queue.counts.get((str(status), str(p)), 0) for p in sorted_priorities()},
            "all": queue.of_status(status),
        }
        for status in QUEUED
    ]


def sorted_priorities() -> Sequence[Priority]:
    """The urgent first."""
    return list(reversed(Priority))


def _plain(lines: Sequence[Any] | None) -> list[Mapping[str, Any]]:
    return [asdict(line) for line in lines or ()]
