"""Column types that say the same on SQLite, MariaDB and MySQL."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from savctl.domain.clock import to_the_second
from savctl.domain.metadata import Metadata

# SQLite numbers rows by itself only in a column declared INTEGER.
BigId = (
    BigInteger()
    .with_variant(mysql.BIGINT(unsigned=True), "mysql", "mariadb")
    .with_variant(Integer(), "sqlite")
)
LongText = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")


class _SqliteTime(UserDefinedType[str]):
    """Sortable text; the name keeps the declared type readable in the file."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        return self.name


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant; naive values are refused.

    Without `fsp` it is the specification's TIMESTAMP, cut to the second here because MySQL
    rounds and MariaDB truncates; with `fsp` a DATETIME(6), which does not end in 2038.
    """

    impl = DateTime
    cache_ok = True

    def __init__(self, fsp: int | None = None) -> None:
        self.fsp = fsp
        super().__init__()

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """TIMESTAMP or DATETIME(6) on the server, text on SQLite."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(_SqliteTime("DATETIME" if self.fsp else "TIMESTAMP"))
        if self.fsp:
            return dialect.type_descriptor(mysql.DATETIME(fsp=self.fsp))
        return dialect.type_descriptor(mysql.TIMESTAMP())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """The instant as both servers and SQLite compare and store it."""
        return None if value is None else time_text(value, fsp=self.fsp)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """The stored instant, aware; None also for a zero date another program left."""
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                return None
        return value.replace(tzinfo=UTC) if value is not None else None


@lru_cache(maxsize=256)
def time_text(moment: datetime, *, fsp: int | None = None) -> str:
    """An instant as a bound parameter."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime cannot be stored")
    if fsp:
        return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return to_the_second(moment).strftime("%Y-%m-%d %H:%M:%S")


class _Json(UserDefinedType[str]):
    """JSON as text: decoding is ours, so that unreadable rows can be read and kept."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "JSON"


class MetadataType(TypeDecorator[Metadata]):
    """The `metadata` column as an immutable value."""

    impl = _Json
    cache_ok = True

    def process_bind_param(self, value: Metadata | None, dialect: Dialect) -> str | None:
        """Its text; SQL NULL when empty."""
        return None if value is None else value.text()

    def process_result_value(self, value: Any, dialect: Dialect) -> Metadata:
        """What the row says, readable or not."""
        if isinstance(value, bytes):
            value = value.decode(errors="replace")
        return Metadata.read(value if value is None else str(value))


_TIME = UtcDateTime()
_USUAL = len("2025-10-03 10:30:00")


def instant_of(stored: Any, dialect: Dialect) -> datetime | None:
    """What a column of times makes of the driver's value.

    The usual text of SQLite takes a third of the time here, and whoever counts reads millions.
    """
    if stored is None:
        return None
    if isinstance(stored, str) and len(stored) == _USUAL:
        try:
            return datetime.fromisoformat(f"{stored}+00:00")
        except ValueError:
            pass
    return _TIME.process_result_value(stored, dialect)
