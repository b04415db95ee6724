"""Column types as the revisions spell them, apart from savctl's own classes on purpose.

A revision must mean the same for ever, so it must not change when `savctl.persistence` does.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.types import UserDefinedType

SERVICE: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_ci",
}
OWN: dict[str, Any] = {**SERVICE, "mysql_collate": "utf8mb4_bin"}
NUMBERED: dict[str, Any] = {"sqlite_autoincrement": True}


class _Spelled(UserDefinedType[Any]):
    cache_ok = True

    def __init__(self, spelling: str) -> None:
        self.spelling = spelling

    def get_col_spec(self, **_: Any) -> str:
        return self.spelling


JSON = _Spelled("JSON")


def big_id() -> Any:
    """BIGINT UNSIGNED; INTEGER on SQLite, which numbers no other type."""
    return (
        sa.BigInteger()
        .with_variant(mysql.BIGINT(unsigned=True), "mysql", "mariadb")
        .with_variant(sa.Integer(), "sqlite")
    )


def words(length: int = 255) -> Any:
    """VARCHAR in which case does not count."""
    return sa.String(length).with_variant(sa.String(length, collation="NOCASE"), "sqlite")


def choice(name: str, *values: str) -> Any:
    """ENUM; VARCHAR with a CHECK on SQLite."""
    return sa.Enum(*values, name=name, create_constraint=True)


def stamp() -> Any:
    """TIMESTAMP, to the second."""
    return sa.TIMESTAMP().with_variant(_Spelled("TIMESTAMP"), "sqlite")


def micro() -> Any:
    """DATETIME(6): own tables outlive 2038."""
    return (
        sa.DateTime()
        .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
        .with_variant(_Spelled("DATETIME"), "sqlite")
    )


def long_text() -> Any:
    """LONGTEXT."""
    return sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")


def unsigned_int() -> Any:
    """INT UNSIGNED."""
    return sa.Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql", "mariadb")
