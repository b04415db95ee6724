"""Column types that mean the same on SQLite, MariaDB and MySQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, DateTime, Enum, Integer, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from savctl.domain.clock import to_the_second
from savctl.domain.model.metadata import Metadata

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

    Without `fsp` it is the service's TIMESTAMP, cut to the second here because MySQL
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
        """The stored instant, aware; None also for what another program left that is none."""
        if isinstance(value, str):
            return _stored_instant(value)
        if not isinstance(value, datetime):
            return None
        return datetime.combine(value, value.time(), UTC)  # in a fifth of the time of replace()


def _stored_instant(text: str) -> datetime | None:
    """The instant of a text; None for a zero date. One with a zone keeps its meaning."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# What a TIMESTAMP holds; a dry run with --at may look further.
_FIRST = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
_LAST = datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC)
# So long is an ISO text without its zone. strftime() takes twice as long as isoformat().
_SECOND_END, _FRACTION_END = len("2025-10-03 10:30:00"), len("2025-10-03 10:30:00.000000")
_CUTS_TIMES: ContextVar[bool] = ContextVar("savctl_cuts_times", default=False)


@contextmanager
def times_cut() -> Iterator[None]:
    """Times beyond a TIMESTAMP are written as the last one it holds: in a dry run on a server,
    which is rolled back, and would be refused otherwise."""
    token = _CUTS_TIMES.set(True)
    try:
        yield
    finally:
        _CUTS_TIMES.reset(token)


def time_text(moment: datetime, *, fsp: int | None = None) -> str:
    """An instant as a bound parameter."""
    if fsp is None and _CUTS_TIMES.get() and moment.tzinfo is not None:
        moment = min(max(moment, _FIRST), _LAST)
    return _time_text(moment, fsp)


@lru_cache(maxsize=256)
def _time_text(moment: datetime, fsp: int | None) -> str:
    if moment.tzinfo is None:
        raise ValueError("a naive datetime cannot be stored")
    if fsp:
        return moment.astimezone(UTC).isoformat(" ", "microseconds")[:_FRACTION_END]
    return to_the_second(moment).isoformat(" ")[:_SECOND_END]


class Choice(TypeDecorator[str]):
    """ENUM (VARCHAR with a CHECK on SQLite), read as the text that it holds.

    SQLAlchemy's own refuses to read a value that the ENUM does not have, and with it the page.
    """

    impl = Enum
    cache_ok = True

    @property
    def enums(self) -> tuple[str, ...]:
        """The values that the schema has."""
        kind = self.impl_instance
        return tuple(kind.enums) if isinstance(kind, Enum) else ()

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """None: the driver's text as it is."""
        return


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
        """The value of the row, readable or not."""
        return metadata_of(value)


def metadata_of(stored: Any) -> Metadata:
    """What the column of metadata makes of the driver's value."""
    if isinstance(stored, bytes):
        stored = stored.decode(errors="replace")
    return Metadata.read(stored if stored is None else str(stored))


_TIME = UtcDateTime()
_USUAL = len("2025-10-03 10:30:00")


def instant_of(stored: Any, dialect: Dialect) -> datetime | None:
    """What a column of times makes of the driver's value.

    The usual text of SQLite takes a third of the time here, and whoever counts reads millions.
    """
    if stored is None:
        return None
    if type(stored) is datetime:  # a server's
        return datetime.combine(stored, stored.time(), UTC)
    if isinstance(stored, str) and len(stored) == _USUAL:
        try:
            return datetime.fromisoformat(f"{stored}+00:00")
        except ValueError:
            pass
    return _TIME.process_result_value(stored, dialect)
