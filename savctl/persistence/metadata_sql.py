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
# MariaDB reads the text of every row anew: what tells most of them apart at a glance comes first,
# in a comment that other servers skip. This is how savctl and PHP begin a ticket without breaches;
# of a key that is there twice JSON_LENGTH takes the first as well.
_NOT_USUAL = (
    "support_tickets.metadata NOT REGEXP "
    """'(?-i)^[{][^{}]*"sla": ?[{]"promise": ?[{][^{}]*[}], ?"breaches": ?[[][]][,}]'"""
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


def metadata_has_breaches(dialect: str) -> ColumnElement[bool]:
    """Whether the list of breaches that the SLA found has a member."""
    if dialect == "sqlite":
        return _predicate(f"COALESCE(json_array_length({_VALID}, '$.sla.breaches'), 0) > 0")
    has_some = f"COALESCE(JSON_LENGTH({_VALID}, '$.sla.breaches'), 0) > 0"
    return _predicate(f"/*M! {_NOT_USUAL} AND */ {has_some}")


def metadata_list_has(path: str, value: str, dialect: str) -> ColumnElement[bool]:
    r"""Whether the list at a dotted path has this text, however its JSON spells it.

    Other programs write `\u00e0` and `\/`, which MariaDB's JSON_CONTAINS does not look through.
    """
    is_there = f"/*M! JSON_EXISTS(support_tickets.metadata, '$.{path}') AND */ "
    sql = _MEMBER_SQLITE if dialect == "sqlite" else is_there + _MEMBER_SERVER
    found = text(sql.replace("<json>", _VALID).replace("<path>", path))
    return found.bindparams(member=value)  # type: ignore[return-value]


def _predicate(sql: str) -> ColumnElement[bool]:
    return literal_column(f"({sql})", Boolean)
