"""As much of JSON Schema as the published schema uses, written down a second time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

_KINDS: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "null": type(None),
}
_KNOWN = {
    *("$schema", "title", "description", "type", "properties", "required"),
    *("additionalProperties", "items", "anyOf", "enum", "const", "minimum", "format", "pattern"),
}


def problems(value: Any, schema: dict[str, Any], path: str = "$") -> list[str]:
    """Where the value is not what the schema says; an unknown word of a schema is one, too."""
    return list(_problems(value, schema, path))


def _problems(value: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
    if unknown := set(schema) - _KNOWN:
        yield f"{path}: this check knows no {unknown}"
    if "type" in schema and not _is_of(value, schema["type"]):
        yield f"{path}: {value!r} is no {schema['type']}"
        return
    yield from _values(value, schema, path)
    if isinstance(value, str):
        yield from _text(value, schema, path)
    if isinstance(value, dict):
        yield from _members(value, schema, path)
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _problems(item, schema.get("items", {}), f"{path}[{number}]")


def _values(value: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
    if "anyOf" in schema and all(problems(value, one, path) for one in schema["anyOf"]):
        yield f"{path}: none of anyOf"
    if "const" in schema and value != schema["const"]:
        yield f"{path}: not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} not in {schema['enum']}"
    if isinstance(value, int) and value < schema.get("minimum", value):
        yield f"{path}: {value} < {schema['minimum']}"


def _is_of(value: Any, kinds: str | list[str]) -> bool:
    named = [kinds] if isinstance(kinds, str) else kinds
    if isinstance(value, bool):
        return "boolean" in named
    return any(isinstance(value, _KINDS[kind]) for kind in named)


def _text(value: str, schema: dict[str, Any], path: str) -> Iterator[str]:
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{path}: {value!r} does not match"
    elif schema.get("format") == "date-time":
        datetime.fromisoformat(value)


def _members(value: dict[str, Any], schema: dict[str, Any], path: str) -> Iterator[str]:
    known = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            yield f"{path}: {name} is missing"
    if schema.get("additionalProperties") is False:
        for name in set(value) - set(known):
            yield f"{path}: {name} is too much"
    for name in set(value) & set(known):
        yield from _problems(value[name], known[name], f"{path}.{name}")
