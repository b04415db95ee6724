"""Values of rows as JSON knows them, and back as the driver takes them, none of them altered.

What JSON has no word for is an object with one member, as `$base64` (docs/archive.md).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from savctl.persistence.archive.snapshot_columns import DECLARED, TIMES

PlainRow = dict[str, Any]

_STORED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?")
_ENCODED_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


class NotFaithful(ValueError):
    """A value that could not be brought back exactly as it is."""


def plain_by(
    names: Sequence[str], table: str, *, is_sqlite: bool
) -> Callable[[Sequence[Any]], PlainRow]:
    """What makes a row of these columns, as the driver hands it out, a plain one."""
    times = [name for name in names if name in TIMES[table]] if is_sqlite else []
    others = [name for name in names if name not in DECLARED[table]]

    def plain(row: Sequence[Any]) -> PlainRow:
        found = dict(zip(names, row, strict=True))
        for name in times:
            if found[name] is not None:
                found[name] = _encoded_time(found[name])
        for name in others:
            found[name] = _encoded(found[name])
        return found

    return plain


def bound(value: Any, *, is_time: bool) -> Any:
    """The value for the driver."""
    if is_time and isinstance(value, str) and _ENCODED_TIME.fullmatch(value):
        return f"{value[:10]} {value[11:-1]}"
    if not isinstance(value, dict):
        return value
    ((kind, encoded),) = value.items()
    match kind:
        case "$base64":
            return base64.b64decode(encoded)
        case "$seconds":
            return timedelta(seconds=float(encoded))
        case "$float":
            return float(encoded)
        case _:
            return encoded


@lru_cache(maxsize=4096)
def _encoded_time(stored: object) -> str:
    """`2025-10-03T10:30:00Z`; a time that another program spelt in its own way stays so."""
    text_ = str(stored)
    if _ENCODED_TIME.fullmatch(text_):
        raise NotFaithful(f"the time {text_} would be restored as another text")
    return f"{text_[:10]}T{text_[11:]}Z" if _STORED.fullmatch(text_) else text_


_SPELLED: Mapping[type, tuple[str, Callable[[Any], str]]] = {
    float: ("$float", repr),
    datetime: ("$datetime", lambda value: value.isoformat(" ")),
    date: ("$date", date.isoformat),
    timedelta: ("$seconds", lambda value: str(value.total_seconds())),
    Decimal: ("$decimal", str),
    bytes: ("$base64", lambda value: base64.b64encode(value).decode()),
}


def _encoded(value: Any) -> Any:
    """A value of a column that the schema does not have."""
    if value is None or isinstance(value, int | str):
        return value
    kind = type(value)
    if kind not in _SPELLED:
        raise NotFaithful(f"a {kind.__name__} cannot be stored in a bundle")
    name, spell = _SPELLED[kind]
    return {name: spell(value)}
