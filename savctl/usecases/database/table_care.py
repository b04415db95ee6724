"""Monthly care of the tables: fresh statistics, and a rebuild where much is free.

Spec: Monthly Jobs, database optimization (ANALYZE TABLE, OPTIMIZE TABLE).
"""

from __future__ import annotations

from dataclasses import dataclass

from savctl.persistence.engine import Database
from savctl.persistence.schema import maintenance
from savctl.persistence.schema.maintenance import CARED_FOR, TableSize
from savctl.persistence.unit_of_work import in_transaction
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import Item, ItemOutcome

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class CareRules:
    """When a rebuild is worth it: from `over_percent` free, and not for a trifle.

    Larger tables than `largest_bytes` are not rebuilt: it takes as much free disk, and replicas
    fall behind for as long as it lasts. A SQLite file is closed to writers meanwhile, so the
    limit is lower there.
    """

    over_percent: int = 30
    least_free_bytes: int = 64 * _MIB
    largest_bytes: int = 10 * 1024 * _MIB
    largest_file_bytes: int = 512 * _MIB


def care_for_tables(database: Database, *, rules: CareRules, terms: BatchContext) -> None:
    """Analyze each table, and rebuild those that are much fragmented; the unit is tables.

    A rebuild that would make others wait is left out and reported.

    Raises:
        Unavailable: the database went away, or the lease was lost.
    """
    known = {size.name: size for size in maintenance.sizes(database)}
    names = [name for name in CARED_FOR if database.is_sqlite or name in known]
    if database.is_sqlite:
        names += known
    with maintenance.caretaker(database) as maintained:
        for done, name in enumerate(names):
            if terms.should_stop():
                terms.report.left = len(names) - done
                return
            if terms.fence is not None:
                in_transaction(database, lambda _: None, fence=terms.fence)
            terms.report.add([_care(maintained, name, known.get(name), rules, terms)], seen=1)
            terms.on_batch(terms.report)


def _care(
    maintained: Database, name: str, size: TableSize | None, rules: CareRules, terms: BatchContext
) -> Item:
    is_file = maintained.is_sqlite and size is not None
    problem = None if terms.dry_run or is_file else maintenance.analyze(maintained, name)
    if problem is not None:
        return Item(name, None, ItemOutcome.SKIPPED, f"not analyzed: {problem}")
    done = "looked at" if is_file else "analyzed"
    if size is None or not _is_fragmented(size, rules):
        return Item(name, None, ItemOutcome.CHANGED, done)
    free = f"{size.free_percent} % of {_size_text(size.total_bytes)} were free"
    problem = _too_large(size, is_file, rules) or maintenance.obstacle(maintained, name)
    if problem is None and not terms.dry_run:
        terms.require_lease()
        problem = maintenance.optimize(maintained, name)
    if problem is not None:
        return Item(name, None, ItemOutcome.SKIPPED, f"{done}, not rebuilt: {free}, but {problem}")
    return Item(name, None, ItemOutcome.CHANGED, f"{done} and rebuilt: {free}", always_listed=True)


def _is_fragmented(size: TableSize, rules: CareRules) -> bool:
    is_much = size.free_bytes >= rules.least_free_bytes
    return is_much and size.free_percent >= rules.over_percent


def _too_large(size: TableSize, is_file: bool, rules: CareRules) -> str | None:
    limit = rules.largest_file_bytes if is_file else rules.largest_bytes
    if size.total_bytes <= limit:
        return None
    return f"it is larger than {_size_text(limit)}: rebuild it by hand in a quiet hour"


def _size_text(size_bytes: int) -> str:
    """A size for people: `1.2 GiB`."""
    size = float(size_bytes)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
