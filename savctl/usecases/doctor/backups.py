"""The mirror under `doctor`: off while they are not configured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from savctl.usecases.doctor.checks import Check, CheckLevel, CheckResult, Environment


def _mirror(_: Environment) -> Iterator[CheckResult]:
    yield CheckResult(check="mirror", level=CheckLevel.OFF, found="no mirror is configured")


BACKUPS: Mapping[str, Check] = MappingProxyType({"mirror": _mirror})
