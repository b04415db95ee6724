"""The server's load under `doctor`: connections, slow statements, indexes (rules 18.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from savctl.domain.text import plural
from savctl.persistence.statistics.connections import connections_used
from savctl.usecases.database.slow import slow_statements
from savctl.usecases.doctor.checks import Check, CheckLevel, CheckResult, Environment

_WARN_SHARE = 0.8
_ERROR_SHARE = 0.95
_OFTEN = 100  # calls; a slow report once a month is nobody's trouble
_SLOW_MS = 100.0


def _connections(environment: Environment) -> Iterator[CheckResult]:
    if environment.database.is_sqlite:
        found = "an embedded database has no connections to count"
        yield CheckResult(check="connections", level=CheckLevel.OFF, found=found)
        return
    with environment.database.reading() as connection:
        used, allowed = connections_used(connection)
    share = used / allowed if allowed else 0.0
    level = CheckLevel.WARN if share >= _WARN_SHARE else CheckLevel.OK
    level = CheckLevel.ERROR if share >= _ERROR_SHARE else level
    advice = "SHOW PROCESSLIST names who holds them; raise max_connections, or shorten the pools."
    yield CheckResult(
        check="connections",
        level=level,
        found=f"{used} of {allowed} in use",
        advice=None if level is CheckLevel.OK else advice,
    )


def _slow(environment: Environment) -> Iterator[CheckResult]:
    report = slow_statements(environment.database)
    if not report.is_known:
        found = " ".join(gap.as_line().rstrip(".") + "." for gap in report.gaps)
        yield CheckResult(check="slow-queries", level=CheckLevel.OFF, found=found.rstrip("."))
        return
    often = [
        one
        for one in report.statements
        if one.calls >= _OFTEN and one.total_ms / one.calls >= _SLOW_MS
    ]
    shapes = plural(len(report.statements), "statement")
    found = f"{shapes} took over 100 ms at least once"
    if often:
        found += f", {len(often)} of them every time"
    yield CheckResult(
        check="slow-queries",
        level=CheckLevel.WARN if often else CheckLevel.OK,
        found=found,
        advice="Run 'savctl db slow', then 'savctl db indexes'." if often else None,
    )


SERVER: Mapping[str, Check] = MappingProxyType(
    {"connections": _connections, "slow-queries": _slow}
)
