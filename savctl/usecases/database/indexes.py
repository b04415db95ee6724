"""Indexes that are never read, and those that savctl's own queries miss (rules 18.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from savctl.persistence.engine import Database
from savctl.persistence.schema.search_index import search_index
from savctl.persistence.schema.tables import metadata
from savctl.persistence.statistics.index_use import IndexShown, all_indexes, reads, running_for
from savctl.persistence.statistics.sources import StatisticsGap
from savctl.usecases.database.status import status, verify

YOUNG = timedelta(days=7)  # a monthly job has not run yet, nor a weekly one


class IndexState(StrEnum):
    """What an index is good for."""

    MISSING = "missing"  # savctl's queries want it
    UNUSED = "unused"  # no read since the server started
    USED = "used"
    KEPT = "kept"  # it keeps rows unique, or serves a foreign key, read or not
    UNKNOWN = "unknown"  # its reads are not counted


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFinding:
    """One index; `statement` is what to run, where something should be done."""

    table: str
    index: str | None
    columns: tuple[str, ...]
    state: IndexState
    reads: int | None = None
    why: str | None = None
    statement: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReport:
    """Every index, those to look at first; `counted_for` is how long reads were counted."""

    findings: Sequence[IndexFinding]
    gap: StatisticsGap | None
    counted_for: timedelta | None

    def in_state(self, state: IndexState) -> list[IndexFinding]:
        """The indexes in one state."""
        return [finding for finding in self.findings if finding.state is state]

    @property
    def is_young(self) -> bool:
        """Whether reads were counted for so short a time that unused means little."""
        return self.counted_for is not None and self.counted_for < YOUNG


def index_report(database: Database) -> IndexReport:
    """Look at every index; nothing is changed."""
    with database.reading() as connection:
        shown = all_indexes(connection)
        counted = reads(connection)
        counted_for = running_for(connection)
        search = search_index(connection).missing
    gap = counted if isinstance(counted, StatisticsGap) else None
    known = {} if isinstance(counted, StatisticsGap) else counted
    found = [_judged(index, known, is_known=gap is None) for index in shown]
    found += missing_indexes(database, search)
    order = list(IndexState)
    found.sort(key=lambda one: (order.index(one.state), one.table, one.index or ""))
    return IndexReport(findings=found, gap=gap, counted_for=counted_for)


def missing_indexes(database: Database, search: Sequence[str] = ()) -> Iterator[IndexFinding]:
    """The indexes that savctl declares and the database lacks, with the statements to run.

    Args:
        search: the statements that make the index of `ticket search`, where it is missing.
    """
    if status(database).state in {"current", "foreign", "behind"}:
        for difference in verify(database):
            if difference.aspect == "index" and difference.found == "missing":
                yield IndexFinding(
                    table=difference.table,
                    index=None,
                    columns=tuple((difference.column or "").split(", ")),
                    state=IndexState.MISSING,
                    why=difference.why,
                    statement=difference.repair,
                )
    if search:
        yield IndexFinding(
            table="support_tickets, ticket_messages",
            index=None,
            columns=("ticket search",),
            state=IndexState.MISSING,
            why="ticket search wants --scan without it",
            statement="; ".join(search),
        )


def _judged(
    index: IndexShown, known: Mapping[tuple[str, str], int], *, is_known: bool
) -> IndexFinding:
    is_counted = is_known and index.is_counted
    count = known.get((index.table, index.name), 0) if is_counted else None
    state, why, statement = IndexState.USED, None, None
    if count == 0:
        state, why, statement = _unread(index)
    elif count is None:
        state = IndexState.UNKNOWN if index.keeps is None else IndexState.KEPT
        why = index.keeps and f"it keeps {index.keeps}"
    return IndexFinding(
        table=index.table,
        index=index.name,
        columns=index.columns,
        state=state,
        reads=count,
        why=why,
        statement=statement,
    )


def _unread(index: IndexShown) -> tuple[IndexState, str, str | None]:
    if index.keeps is not None:
        return IndexState.KEPT, f"it keeps {index.keeps}", None
    table = metadata.tables.get(index.table)
    declared = [tuple(i.columns.keys()) for i in table.indexes] if table is not None else []
    if index.columns in declared:
        return IndexState.UNUSED, "not read yet, but savctl's schema declares it: keep it", None
    statement = f"ALTER TABLE `{index.table}` DROP INDEX `{index.name}`"
    return IndexState.UNUSED, "no read since the server started", statement
