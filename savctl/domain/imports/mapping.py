"""The mapping file: what the columns of a foreign file mean (`ticket import`, `demo --replay`).

    source = "servicenow"                 # names the file; --source overrides it
    null = ["?", ""]                      # words for "no value"
    times = ["D/M/YYYY HH:MM"]            # see `stamps`; the default is ISO
    timezone = "Europe/Rome"              # of times without a zone; the default is UTC
    delimiter = ";"                       # CSV only; the default is a comma

    [fields]                              # field = "column", or a table
    external_id = "number"
    user_id     = { column = "caller_id", pattern = '(\\d+)', offset = 10000 }
    priority    = { column = "priority", values = { "1 - Critical" = "urgent" } }
    subject     = "{category}: {symptom}" # a template; {{ and }} are braces
    description = { constant = "imported from the old desk" }
    assigned_to = { column = "assigned_to", default = 999 }

    [metadata]                            # member = column
    channel = "contact_type"

`[replay]` is explained in `replay_plan`. Everything is checked before the first row; a mistake
names its key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from savctl.domain.imports.field_mapping import FieldSource
from savctl.domain.imports.mapping_errors import MappingError, Path
from savctl.domain.imports.templates import Template, is_template, template
from savctl.domain.imports.timestamp_formats import Stamps
from savctl.domain.model.ticket import TICKET_COLUMNS
from savctl.errors import InvalidInput

FIELDS = ("external_id", *TICKET_COLUMNS[1:])
_TOP = ("source", "null", "times", "timezone", "delimiter", "fields", "metadata", "replay")
_SOURCE_KEYS = ("column", "template", "constant", "values", "pattern", "offset", "default")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A mapping file, read; without one, columns are called as the schema calls them."""

    source: str | None = None
    nulls: frozenset[str] = frozenset({""})
    stamps: Stamps = field(default_factory=Stamps)
    delimiter: str = ","
    fields: Mapping[str, FieldSource] = field(default_factory=dict)
    metadata: Mapping[str, FieldSource] = field(default_factory=dict)
    replay: Mapping[str, object] | None = None


def mapped(values: Mapping[str, object]) -> Mapped:
    """The content of a mapping file.

    Raises:
        MappingError: a key is unknown or has the wrong kind of value.
    """
    known(values, _TOP)
    return Mapped(
        source=_text(values, "source"),
        nulls=frozenset({"", *strings(values, "null")}),
        stamps=_stamps(values),
        delimiter=_delimiter(_text(values, "delimiter")),
        fields=_fields(values),
        metadata={
            str(k): source(v, ("metadata", str(k))) for k, v in table(values, "metadata").items()
        },
        replay=table(values, "replay") or None,
    )


def source(value: object, path: Path) -> FieldSource:
    """One field's source: a column's name, a template of columns, or a table."""
    if isinstance(value, str):
        if is_template(value):
            return FieldSource(template=_template(value, path), path=path)
        return FieldSource(column=value, path=path)
    if not isinstance(value, dict):
        raise MappingError("must be a column's name, a template or a table", path)
    known(value, _SOURCE_KEYS, path)
    if sum(key in value for key in ("column", "template", "constant")) != 1:
        raise MappingError("needs one of column, template and constant", path)
    text = _text(value, "template", path)
    return FieldSource(
        column=_text(value, "column", path),
        template=_template(text, (*path, "template")) if text is not None else None,
        constant=value.get("constant"),
        values=table(value, "values", path),
        pattern=_pattern(value.get("pattern"), (*path, "pattern")),
        offset=whole(value, "offset", path),
        default=value.get("default"),
        path=path,
    )


def known(values: Mapping[str, object], allowed: tuple[str, ...], path: Path = ()) -> None:
    """Refuse keys that mean nothing."""
    for key in values:
        if key not in allowed:
            near = get_close_matches(str(key), allowed, n=1)
            guess = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(allowed)}."
            raise MappingError(f"no key {key!r} is known here", (*path, str(key)), hint=guess)


def table(values: Mapping[str, object], key: str, path: Path = ()) -> dict[str, Any]:
    """A table, or an empty one."""
    value = values.get(key, {})
    if not isinstance(value, dict):
        raise MappingError("must be a table", (*path, key))
    return value


def strings(values: Mapping[str, object], key: str, path: Path = ()) -> tuple[str, ...]:
    """A list of texts; one text stands for a list of one."""
    value = values.get(key, ())
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        raise MappingError("must be a list of texts", (*path, key))
    return tuple(items)


def whole(values: Mapping[str, object], key: str, path: Path = ()) -> int:
    """A whole number, 0 where there is none."""
    value = values.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool):
        raise MappingError("must be a whole number", (*path, key))
    return value


def _fields(values: Mapping[str, object]) -> dict[str, FieldSource]:
    given = table(values, "fields")
    known(given, FIELDS, ("fields",))
    return {name: source(value, ("fields", name)) for name, value in given.items()}


def _text(values: Mapping[str, object], key: str, path: Path = ()) -> str | None:
    value = values.get(key)
    if value is not None and not isinstance(value, str):
        raise MappingError("must be a text", (*path, key))
    return value


def _template(text: str, path: Path) -> Template:
    try:
        return template(text)
    except ValueError as problem:
        hint = "Put a column into braces, {Short description}; write {{ or }} for a brace."
        raise MappingError(f"{problem} in the template {text!r}", path, hint=hint) from None


def _stamps(values: Mapping[str, object]) -> Stamps:
    zone = _zone(_text(values, "timezone"))
    try:
        return Stamps(strings(values, "times") or ("ISO",), zone)
    except MappingError:
        raise
    except InvalidInput as problem:
        raise MappingError(problem.message, ("times",), hint=problem.hint) from None


def _delimiter(given: str | None) -> str:
    if given is not None and (len(given) != 1 or given in '\r\n"'):
        raise MappingError("must be one character", ("delimiter",))
    return given or ","


def _zone(name: str | None) -> tzinfo:
    if name is None or name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise MappingError(f"{name!r} is not known on this machine", ("timezone",)) from None


def _pattern(given: object, path: Path) -> re.Pattern[str] | None:
    if given is None:
        return None
    try:
        pattern = re.compile(str(given))
    except re.error as problem:
        raise MappingError(str(problem), path) from None
    if pattern.groups != 1:
        raise MappingError("needs one group in (…): what is kept", path)
    return pattern
