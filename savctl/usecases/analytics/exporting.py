"""The figures of a month into a file, on record before it is there (rules 1.3, 15.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from savctl.domain.analytics.months import Month
from savctl.domain.analytics.table import Shown, month_rows
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.usecases.analytics.lines import content, schema_content
from savctl.usecases.analytics.reading import Reading, Source, read_cells
from savctl.usecases.batch.atomic_file import AtomicFile
from savctl.usecases.batch.batches import never_stop


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyticsRun:
    """Which month, in which form, and by whom."""

    month: Month
    form: str
    smallest: int
    by: int | None
    dry_run: bool = False
    on_page: Callable[[Reading], None] = lambda _: None
    should_stop: Callable[[], bool] = never_stop


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyticsReport:
    """What was written; nothing was when it was stopped."""

    reading: Reading
    rows: int = 0
    summed: int = 0
    left_out: int = 0
    size_bytes: int = 0
    sha256: str = ""


def export_analytics(
    source: Source, run: AnalyticsRun, file: AtomicFile, schema: AtomicFile | None = None
) -> AnalyticsReport:
    """Write the figures of a month, and publish the file, its schema first.

    Raises:
        InvalidInput: the month is not over.
        Unavailable: tickets were archived or restored meanwhile, or a place went away.
    """
    run.month.require_over(source.now)
    cells, reading = read_cells(
        source, run.month, run.month, on_page=run.on_page, should_stop=run.should_stop
    )
    if reading.is_stopped:
        return AnalyticsReport(reading=reading)
    rows, shown = month_rows(cells, run.month, smallest=run.smallest)
    file.stream.write(content(rows, run.form))
    written = file.finish()
    facts = audit_facts(run.month, shown, run.form, written.size_bytes, written.sha256)

    def work(uow: UnitOfWork) -> None:
        uow.audit.note("export", actor=run.by, at=source.now, details=facts)

    in_transaction(source.database, work, dry_run=run.dry_run)
    if schema is not None:
        schema.stream.write(schema_content())
        schema.finish()
        schema.publish()
    file.publish()
    return AnalyticsReport(
        reading=reading,
        rows=len(shown.cells),
        summed=shown.summed,
        left_out=shown.left_out,
        size_bytes=written.size_bytes,
        sha256=written.sha256,
    )


def audit_facts(
    month: Month, shown: Shown, form: str, size_bytes: int, sha256: str
) -> dict[str, object]:
    """What the audit has of an export."""
    return {
        "what": "analytics",
        "month": str(month),
        "format": form,
        "rows": len(shown.cells),
        "bytes": size_bytes,
        "sha256": sha256,
    }
