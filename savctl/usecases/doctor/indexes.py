"""The index of `ticket search` under `doctor`."""

from __future__ import annotations

from collections.abc import Iterator

from savctl.persistence.schema.search_index import search_index
from savctl.usecases.database.status import status
from savctl.usecases.doctor.checks import CheckLevel, CheckResult, Environment


def check_indexes(environment: Environment) -> Iterator[CheckResult]:
    """Whether words are looked up; without an index `ticket search` wants `--scan`."""
    if status(environment.database).state != "current":
        return
    with environment.database.reading() as connection:
        index = search_index(connection)
    if index.is_there:
        yield CheckResult(check="indexes", level=CheckLevel.OK, found=f"search: {index.name}")
        return
    yield CheckResult(
        check="indexes",
        level=CheckLevel.OFF,
        found="search: none",
        advice="savctl db adopt --dry-run prints the statements that make one.",
    )
