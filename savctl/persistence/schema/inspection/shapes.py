"""What a table looks like, in words that are the same for SQLite, MariaDB and MySQL.

The declared schema and the live one are both brought into these values; then they are compared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_TYPE = re.compile(r"\s*([a-z]+)(?:\s+precision)?\s*(?:\((.*?)\))?(.*)", re.IGNORECASE | re.DOTALL)
_QUOTED = re.compile(r"'((?:[^'\\]|''|\\.)*)'")
_NOW = re.compile(r"(current_timestamp|now|localtime(stamp)?)\s*(\(\d*\))?", re.IGNORECASE)
_SAME_TYPE = {
    "integer": "int",
    "bool": "tinyint",
    "boolean": "tinyint",
    "dec": "decimal",
    "numeric": "decimal",
}
_SIZED = frozenset({"varchar", "char", "varbinary", "binary", "timestamp", "datetime"})
NOW = "current_timestamp"


@dataclass(frozen=True, slots=True)
class TypeShape:
    """A column's type: `size` is in characters, or in digits of a second's fraction.

    The display width of whole numbers means nothing and is left out; booleans are `tinyint`.
    """

    kind: str
    size: int | None = None
    unsigned: bool = False
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        size = f"({self.size})" if self.size else ""
        values = f"({', '.join(self.values)})" if self.values else ""
        return f"{self.kind}{size}{values}{' unsigned' if self.unsigned else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnShape:
    """One column. `numbered`: the database hands out its values; `updates_itself`: ON UPDATE."""

    name: str
    type: TypeShape
    nullable: bool
    default: str | None = None
    collation: str | None = None
    numbered: bool = False
    updates_itself: bool = False
    generated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexShape:
    """An index; its name does not matter, a prefix length is as good as none."""

    columns: tuple[str, ...]
    unique: bool = False
    primary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyShape:
    """A foreign key from `table` to `remote_table`."""

    table: str
    columns: tuple[str, ...]
    remote_table: str
    on_delete: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """A table; `referenced_by` are foreign keys of other tables onto it."""

    name: str
    is_view: bool = False
    engine: str | None = None
    collation: str | None = None
    columns: Mapping[str, ColumnShape] = field(default_factory=dict)
    indexes: tuple[IndexShape, ...] = ()
    foreign_keys: tuple[KeyShape, ...] = ()
    referenced_by: tuple[KeyShape, ...] = ()


def type_shape(spelled: str) -> TypeShape:
    """The type a database or a compiler spells, such as `bigint(20) unsigned`."""
    match = _TYPE.fullmatch(spelled)
    if match is None:
        return TypeShape(spelled.lower())
    name, inner, rest = match[1].lower(), match[2] or "", match[3].lower()
    kind = _SAME_TYPE.get(name, name)
    if kind == "enum":
        return TypeShape(kind, values=quoted_values(spelled))
    sized = kind in _SIZED and inner.strip().isdecimal()
    return TypeShape(kind, int(inner) if sized else None, "unsigned" in rest)


def quoted_values(text: str) -> tuple[str, ...]:
    """The strings in a list of quoted ones."""
    return tuple(value.replace("''", "'") for value in _QUOTED.findall(text))


def default_shape(spelled: str | None) -> str | None:
    """A default as SQL spells it: quotes taken off, "now" in one spelling, NULL is none."""
    if spelled is None or spelled.upper() == "NULL":
        return None
    plain = spelled.strip()
    if _NOW.fullmatch(plain):
        return NOW
    match = _QUOTED.fullmatch(plain)
    if match:
        return match[1].replace("''", "'")
    return {"true": "1", "false": "0"}.get(plain.lower(), plain)
