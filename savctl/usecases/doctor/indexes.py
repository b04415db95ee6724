"""Indexes under `doctor`: that of `ticket search`, those that are missing, those never read."""

from __future__ import annotations

from collections.abc import Iterator

from savctl.domain.text import are, plural
from savctl.persistence.schema.search_index import search_index
from savctl.usecases.database.indexes import IndexState, index_report
from savctl.usecases.database.status import status
from savctl.usecases.doctor.checks import CheckLevel, CheckResult, Environment

_STATEMENTS = "savctl db indexes has the statements that make them."


def check_indexes(environment: Environment) -> Iterator[CheckResult]:
    """Whether savctl's queries have their indexes; without the one of search it wants `--scan`."""
    if status(environment.database).state != "current":
        return
    with environment.database.reading() as connection:
        search = search_index(connection)
    report = index_report(environment.database)
    lacking = report.in_state(IndexState.MISSING)
    missing = [one for one in lacking if one.index is None and one.columns != ("ticket search",)]
    unused = [one for one in report.in_state(IndexState.UNUSED) if one.statement]
    found = f"search: {search.name}"
    if unused and not report.is_young:
        found += f"; {plural(len(unused), 'index', 'indexes')} never read"
    if report.gap is not None:
        found += "; which ones are read is not known: savctl db indexes has the reason"
    yield CheckResult(
        check="indexes", level=CheckLevel.OK if search.is_there else CheckLevel.OFF, found=found
    )
    if missing:
        names = ", ".join(f"{one.table}({', '.join(one.columns)})" for one in missing)
        yield CheckResult(
            check="indexes",
            level=CheckLevel.WARN,
            found=f"{plural(len(missing), 'index', 'indexes')} {are(len(missing))} missing: "
            f"{names}",
            advice=_STATEMENTS,
        )
