"""Refusals under `doctor`: how often a role was refused a command within a day (rules 12.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType

from savctl.persistence.audit_reads import entries_since
from savctl.usecases.access.audit_notes import REFUSED
from savctl.usecases.database.status import status
from savctl.usecases.doctor.checks import Check, CheckLevel, CheckResult, Environment

_DAY = timedelta(days=1)


def _refusals(environment: Environment) -> Iterator[CheckResult]:
    if status(environment.database).state != "current":
        return
    with environment.database.reading() as connection:
        count = len(entries_since(connection, environment.clock() - _DAY, action=REFUSED))
    if count:
        yield CheckResult(
            check="token refusals",
            level=CheckLevel.OK,
            found=f"{count} in 24 h",
        )


ACCESS: Mapping[str, Check] = MappingProxyType({"token refusals": _refusals})
