"""What all tables share: one MetaData, collations, and small types."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, MetaData, String
from sqlalchemy.dialects import mysql

from savctl.persistence.types import Choice

OWN_PREFIX = "savctl_"
# The revision that a release must know to work here: what releases up to schema 0010 compare.
VERSION_TABLE = "savctl_alembic_version"
# The revision the database is at: Alembic's own table.
REVISION_TABLE = "savctl_schema_revision"

metadata = MetaData()

SERVICE: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_ci",
    "sqlite_autoincrement": True,  # without it SQLite hands out deleted ids again
}
# Keys of ours are compared byte for byte: 'a' is not 'A', and 'é' is not 'e'.
OWN: dict[str, Any] = {**SERVICE, "mysql_collate": "utf8mb4_bin"}
OWN_KEYED = {k: v for k, v in OWN.items() if k != "sqlite_autoincrement"}
SERVICE_KEYED = {k: v for k, v in SERVICE.items() if k != "sqlite_autoincrement"}

# Case does not count in utf8mb4_unicode_ci; NOCASE is SQLite's nearest.
Words = String(255).with_variant(String(255, collation="NOCASE"), "sqlite")
UnsignedInt = Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql", "mariadb")


def choice(*values: str, name: str) -> Choice:
    """ENUM; VARCHAR with a CHECK on SQLite."""
    return Choice(*values, name=name, create_constraint=True, validate_strings=True)
