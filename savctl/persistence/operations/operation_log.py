"""What an earlier bulk run did, by the audit: its entries bear the run's id (rules 15.2).

The audit has no index of runs. Its entries of one run lie close together: behind the first one,
which is found by its time, and before those of an hour after its end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select

from savctl.domain.bulk.way_back import OperationChange
from savctl.domain.model.history import HistoryEntry, entry_from
from savctl.persistence.engine import Database
from savctl.persistence.schema.tables import audit, runs

_A, _R = audit.c, runs.c
_JOBS = "bulk-"
_ANNOUNCED_WITHIN = timedelta(minutes=10)
_LATER = timedelta(hours=1)
_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOperation:
    """A bulk run: who started it, how many tickets it changed, and where its entries begin.

    Those up to `last_id` are read first; None where nobody knows how far they may reach.
    """

    run_id: int
    actor: int | None
    changed: int
    first_id: int
    last_id: int | None


def find_operation(connection: Connection, run_id: int, *, note: str) -> StoredOperation | None:
    """The operation of this run, whose first entry is a `note`; None when it is none."""
    run = connection.execute(
        select(_R.job, _R.started_at, _R.finished_at, _R.changed).where(_R.id == run_id)
    ).first()
    if run is None or not run.job.startswith(_JOBS):
        return None
    begun = select(_A.id, _A.actor).where(
        _A.at >= run.started_at,
        _A.at <= run.started_at + _ANNOUNCED_WITHIN,
        _A.run_id == run_id,
        _A.action == note,
    )
    first = connection.execute(begun.order_by(_A.at, _A.id).limit(1)).first()
    if first is None:
        return None
    return StoredOperation(
        run_id=run_id,
        actor=first.actor,
        changed=run.changed,
        first_id=first.id,
        last_id=_behind(connection, run.finished_at),
    )


def changes_of(database: Database, operation: StoredOperation) -> Iterator[OperationChange]:
    """What it did to each ticket, in the order in which it was done."""
    tags: dict[str, Mapping[str, Any]] = {}
    for ticket_id, rows in groupby(_entries(database, operation), key=lambda row: row.ticket_id):
        if ticket_id is None:
            for row in rows:
                tags = json.loads(row.entry).get("tags", tags)
            continue
        entries = _parsed(row.entry for row in rows)
        changed = tags.get(str(ticket_id), {})
        if entries:
            yield OperationChange(
                ticket_id=ticket_id,
                entries=entries,
                added=changed.get("added", ()),
                removed=changed.get("removed", ()),
            )


def _parsed(stored: Iterable[str]) -> list[HistoryEntry]:
    found = (entry_from(json.loads(entry)) for entry in stored)
    return [entry for entry in found if entry is not None]


def _behind(connection: Connection, finished_at: datetime | None) -> int | None:
    """An entry that was most likely written after the run had ended."""
    if finished_at is None:
        return None
    later = select(_A.id).where(_A.at > finished_at + _LATER).order_by(_A.at).limit(1)
    return connection.execute(later).scalar()


def _entries(database: Database, operation: StoredOperation) -> Iterator[Any]:
    """Its entries in order; past the probable end only while some tickets are still missing."""
    after, last_id = operation.first_id, operation.last_id
    found, latest = 0, None
    while True:
        query = select(_A.id, _A.ticket_id, _A.entry).where(
            _A.id > after, _A.run_id == operation.run_id
        )
        if last_id is not None:
            query = query.where(_A.id <= last_id)
        with database.reading() as connection:
            page = connection.execute(query.order_by(_A.id).limit(_PAGE)).all()
        for row in page:
            found += row.ticket_id is not None and row.ticket_id != latest
            latest = row.ticket_id if row.ticket_id is not None else latest
            after = row.id
            yield row
        if len(page) == _PAGE:
            continue
        if last_id is None or found >= operation.changed:
            return
        last_id = None
