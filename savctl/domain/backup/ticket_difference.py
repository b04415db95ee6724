"""A ticket of a backup against the ticket of today, row by row (rules 17.4, settled 30).

What the backup has comes back; rows that are newer than it stay. What only today's ticket has in
its metadata stays as well, and of its history nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from savctl.domain.model.metadata import Metadata
from savctl.domain.model.states import Status
from savctl.domain.model.status_chain import Item, merge_histories

PlainRow = Mapping[str, Any]

_METADATA = "metadata"
_HISTORY = "history"
# What was decided since the backup and must outlive it: others rely on these.
_KEPT_MEMBERS = ("legal_hold", "merged_into", "merged_from", "moved_messages", "split_from")
_OF_STATUS = ("status", "resolved_at", "closed_at")


class RowChange(StrEnum):
    """What a restore does to a row."""

    MISSING = "missing"  # it is not there now, and comes back
    CHANGED = "changed"  # it is another one now, and becomes what it was
    NEWER = "newer"  # the backup does not have it, and it stays


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDifference:
    """One row that differs; `columns` name each value of now and of the backup."""

    table: str
    id: int
    change: RowChange
    columns: Mapping[str, tuple[Any, Any]]


def differences(
    table: str, key: str, then: Sequence[PlainRow], now: Sequence[PlainRow]
) -> Iterator[RowDifference]:
    """The rows that differ, by id; a column that only one side has is no difference."""
    before = {row[key]: row for row in then}
    today = {row[key]: row for row in now}
    for row_id in sorted({*before, *today}):
        old, new = before.get(row_id), today.get(row_id)
        if old is None or new is None:
            change = RowChange.NEWER if old is None else RowChange.MISSING
            yield RowDifference(table=table, id=row_id, change=change, columns={})
            continue
        other = {
            name: (new[name], value)
            for name, value in old.items()
            if name in new and new[name] != value
        }
        if other:
            yield RowDifference(table=table, id=row_id, change=RowChange.CHANGED, columns=other)


def merged_rows(
    key: str, then: Sequence[PlainRow], now: Sequence[PlainRow]
) -> list[dict[str, Any]]:
    """The rows after the restore: those of the backup, and the newer ones, by id."""
    found = {row[key]: dict(row) for row in now}
    for row in then:
        found[row[key]] = {**found.get(row[key], {}), **row}
    return [found[row_id] for row_id in sorted(found)]


def merged_ticket(then: PlainRow, now: PlainRow | None, audited: Sequence[Item]) -> dict[str, Any]:
    """The ticket's row after the restore, without the entries of the restore itself.

    A ticket that is closed now keeps its status. `audited` are the entries that the audit has of
    it: what happened after the backup did happen, also when the ticket is gone.
    """
    metadata = _merged_metadata(then[_METADATA], now[_METADATA] if now else None, audited)
    row = {**(now or {}), **then, _METADATA: metadata}
    if now is not None and now["status"] == Status.CLOSED:
        row |= {name: now[name] for name in _OF_STATUS}
    return row


def _merged_metadata(then: str | None, now: str | None, audited: Sequence[Item]) -> str | None:
    old, new = Metadata.read(then), Metadata.read(now)
    if old.was_unreadable or new.was_unreadable:
        return then
    merged = old
    for name in new:
        if name not in old or name in _KEPT_MEMBERS:
            merged = merged.with_text(name, new.text_of(name))
    items = new.history_items or old.history_items
    whole = merge_histories(items, audited)
    if whole != old.history_items:
        merged = merged.without(_HISTORY).with_members(history=whole)
    return merged.text() if merged is not old else then


def status_before(row_now: PlainRow | None, merged: PlainRow) -> str | None:
    """The status that others know: today's, or the last one that a ticket that is gone had."""
    if row_now is not None:
        return str(row_now["status"])
    steps = [
        entry.after
        for entry in Metadata.read(merged[_METADATA]).history
        if entry.action in {"created", "status", "imported"}
    ]
    return str(steps[-1]) if steps else None
