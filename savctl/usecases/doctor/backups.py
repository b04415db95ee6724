"""Binary logs and mirror under `doctor`: off while they are not configured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from savctl.usecases.doctor.checks import Check, CheckLevel, CheckResult, Environment


def _binlog(_: Environment) -> Iterator[CheckResult]:
    found = "no backup of binary logs is configured"
    yield CheckResult(check="binlog", level=CheckLevel.OFF, found=found)


def _mirror(_: Environment) -> Iterator[CheckResult]:
    yield CheckResult(check="mirror", level=CheckLevel.OFF, found="no mirror is configured")


BACKUPS: Mapping[str, Check] = MappingProxyType({"binlog": _binlog, "mirror": _mirror})
