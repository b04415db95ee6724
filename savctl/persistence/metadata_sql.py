"""What `metadata` holds, as SQL of either kind of database; what is not JSON holds nothing."""

from __future__ import annotations

from sqlalchemy import Boolean, ColumnElement, literal_column, text

_VALID = (
    "CASE WHEN JSON_VALID(support_tickets.metadata) THEN support_tickets.metadata ELSE '{}' END"
)

_MEMBER_SQLITE = (
    "EXISTS (SELECT 1 FROM json_each(CASE WHEN json_type(<json>, '$.<path>') = 'array' "
    "THEN support_tickets.metadata ELSE '{}' END, '$.<path>') WHERE value = :member)"
)
# Counted: of EXISTS MySQL 9 makes a semijoin, and reads the list of one row for all of them.
_MEMBER_SERVER = (
    "(SELECT COUNT(*) FROM JSON_TABLE(<json>, '$.<path>[*]' COLUMNS "
    "(member VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$')) AS members "
    "WHERE CAST(members.member AS BINARY) = CAST(:member AS BINARY)) > 0"
)


def metadata_has(path: str, dialect: str) -> ColumnElement[bool]:
    """Whether there is a value other than null at a dotted path."""
    if dialect == "sqlite":
        return _predicate(f"json_extract({_VALID}, '$.{path}') IS NOT NULL")
    return _predicate(f"COALESCE(JSON_TYPE(JSON_EXTRACT({_VALID}, '$.{path}')), 'NULL') <> 'NULL'")


def metadata_mentions(word: str, dialect: str) -> ColumnElement[bool]:
    """Whether the stored text has the word anywhere, readable JSON or not."""
    if dialect == "sqlite":
        return _predicate(f"instr(support_tickets.metadata, '{word}') > 0")
    return _predicate(f"LOCATE('{word}', support_tickets.metadata) > 0")


def metadata_list_is_filled(path: str, dialect: str) -> ColumnElement[bool]:
    """Whether the list at a dotted path has a member."""
    length = "json_array_length" if dialect == "sqlite" else "JSON_LENGTH"
    return _predicate(f"COALESCE({length}({_VALID}, '$.{path}'), 0) > 0")


def metadata_list_has(path: str, value: str, dialect: str) -> ColumnElement[bool]:
    r"""Whether the list at a dotted path has this text, however its JSON spells it.

    Other programs write `\u00e0` and `\/`, which MariaDB's JSON_CONTAINS does not look through.
    """
    sql = _MEMBER_SQLITE if dialect == "sqlite" else _MEMBER_SERVER
    found = text(sql.replace("<json>", _VALID).replace("<path>", path))
    return found.bindparams(member=value)  # type: ignore[return-value]


def _predicate(sql: str) -> ColumnElement[bool]:
    return literal_column(f"({sql})", Boolean)
