"""The lines of `doctor`: one for each thing that is watched, with a name that does not change.

Several checks may belong to one line. It has the gravest level of them, and what they found: all
of it where all is well, else only what is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from savctl.usecases.doctor.checks import CheckLevel, CheckResult

LINES = (
    *("database", "schema", "timezone", "clock", "connections", "tables", "indexes"),
    *("slow-queries", "jobs", "scheduler", "leases", "outbox", "broker", "queues", "bucket"),
    *("files", "scanner", "backup", "binlog", "mirror", "erasures", "keys", "token", "sla"),
    "sync",
)
# The checks that are part of another line than that of their own name.
_LINE_OF: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("version", "sql_mode", "characters", "isolation"), "database"),
        **dict.fromkeys(("binlog_format", "max_allowed_packet", "modes"), "database"),
        **dict.fromkeys(("privileges", "settings"), "database"),
        **dict.fromkeys(("file", "file mode", "journal", "disk"), "database"),
        "time zone": "timezone",
        "cluster": "leases",
        "node": "database",
        "cache": "outbox",
        "schedule": "scheduler",
        **dict.fromkeys(
            (f"bucket {name}" for name in ("versions", "lifecycle", "clock", "room", "rights")),
            "bucket",
        ),
        "bucket privacy": "bucket",
        "bucket files": "files",
        "token refusals": "token",
    }
)
_GRAVEST_FIRST = (CheckLevel.ERROR, CheckLevel.WARN, CheckLevel.OK, CheckLevel.OFF)


def line_of(check: str) -> str:
    """The line that a check belongs to."""
    return _LINE_OF.get(check, check)


def as_lines(results: Iterable[CheckResult]) -> list[CheckResult]:
    """One result for each line, in the order of `LINES`."""
    found: dict[str, list[CheckResult]] = {}
    for result in results:
        found.setdefault(line_of(result.check), []).append(result)
    known = [name for name in LINES if name in found]
    return [_line(name, found[name]) for name in [*known, *(found.keys() - set(LINES))]]


def _line(name: str, results: list[CheckResult]) -> CheckResult:
    worst = min((result.level for result in results), key=_GRAVEST_FIRST.index)
    shown = results
    if worst in {CheckLevel.ERROR, CheckLevel.WARN}:
        shown = [r for r in results if r.level in {CheckLevel.ERROR, CheckLevel.WARN}]
        shown.sort(key=lambda result: _GRAVEST_FIRST.index(result.level))
    advice = dict.fromkeys(result.advice for result in shown if result.advice)
    return CheckResult(
        check=name,
        level=worst,
        found="; ".join(_named(name, result) for result in shown),
        advice=" ".join(advice) or None,
    )


def _named(line: str, result: CheckResult) -> str:
    """What was found, behind the check's own name where the line has another."""
    topic = result.check.removeprefix(f"{line} ")
    is_own = result.check == line or line in {"timezone", "scheduler", "files", "leases"}
    return result.found if is_own else f"{topic}: {result.found}"
