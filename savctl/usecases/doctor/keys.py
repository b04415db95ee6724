"""The keys of encrypted values under `doctor`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from savctl.domain.encryption.keys import KeysUnusable
from savctl.domain.text import plural
from savctl.persistence.tickets.metadata_pages import newest_metadata
from savctl.usecases.doctor.checks import Check, CheckLevel, CheckResult, Environment
from savctl.usecases.encryption.counting import count_values

_NEWEST = 10_000  # tickets; keys status counts all of them


def _keys(environment: Environment) -> Iterator[CheckResult]:
    codec = environment.database.codec
    if not codec.is_configured:
        found = "no keys: metadata is stored as it is given"
        yield CheckResult(check="keys", level=CheckLevel.OFF, found=found)
        return
    try:
        keys = codec.keys()
    except KeysUnusable:
        return  # named by the check of the settings, which needs no database
    found = f"{plural(len(keys.keys), 'key')}, {keys.current} is current"
    yield CheckResult(check="keys", level=CheckLevel.OK, found=found)
    with environment.database.reading() as connection:
        counts = count_values(newest_metadata(connection, limit=_NEWEST), codec)
    among = f"among the newest {_NEWEST:,} tickets"
    if counts.plain:
        yield CheckResult(
            check="keys",
            level=CheckLevel.WARN,
            found=f"{plural(counts.plain, 'value')} not encrypted yet {among}",
            advice="Run 'savctl keys rotate'.",
        )
    if counts.unreadable:
        yield CheckResult(
            check="keys",
            level=CheckLevel.WARN,
            found=f"{plural(counts.unreadable, 'value')} cannot be read {among}",
            advice="Run 'savctl keys status' to see which keys are missing.",
        )


KEYS: Mapping[str, Check] = MappingProxyType({"keys": _keys})
