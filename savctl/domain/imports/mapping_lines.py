"""Where a key stands in the text of a mapping file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from savctl.domain.imports.mapping_errors import Path

_TABLE = re.compile(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[^=#"'\s]|"(?:\\.|[^"\\])*"|'[^']*'|[ \t](?![=]))+?)\s*=""")


def line_of(text: str, path: Path, *, is_json: bool) -> int:
    """The line of a key, from 1: of what stands around it where it has none of its own."""
    return _in_json(text, path) if is_json else _in_toml(text, path)


def _in_toml(text: str, path: Path) -> int:
    best, depth = 1, 0
    for line, found in _toml_keys(text):
        if len(found) > depth and path[: len(found)] == found:
            best, depth = line, len(found)
    return best


def _toml_keys(text: str) -> Iterator[tuple[int, Path]]:
    """Each table and each key with its line, by the names of all tables around it."""
    table: Path = ()
    for line, content in enumerate(text.splitlines(), start=1):
        if header := _TABLE.match(content):
            table = _names(header[1])
            yield line, table
        elif key := _KEY.match(content):
            yield line, (*table, *_names(key[1]))


def _names(dotted: str) -> Path:
    """`replay.means` or `"a key".b` as names; nothing where it is no key."""
    try:
        value: object = tomllib.loads(f"{dotted} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    names: list[str] = []
    while isinstance(value, dict):
        [(name, value)] = value.items()
        names.append(name)
    return tuple(names)


def _in_json(text: str, path: Path) -> int:
    """The names are looked for one behind the other."""
    at = 0
    for name in path:
        found = re.compile(rf'"{re.escape(name)}"\s*:').search(text, at)
        if found is None:
            break
        at = found.end()
    return text.count("\n", 0, at) + 1
