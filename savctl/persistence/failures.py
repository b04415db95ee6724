"""What the drivers' errors mean to an operator; no floor above knows PyMySQL's numbers."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from savctl.errors import (
    ConfigurationError,
    InvalidInput,
    NotPermitted,
    Refused,
    SavError,
    SchemaMismatch,
    Unavailable,
)

_NO_SERVER = {2002, 2003, 2005}
_LOST = {2006, 2013, 2055, 4031, 1053, 1927}
_CONTENDED = {1205, 1213, 1020, 3572}
_REFUSED = {1044, 1045, 1142, 1143, 1227, 1698}
_READ_ONLY = {1290, 1792, 1836, 3100}
_FULL = {1021, 1114, 1041, 1038, 3675}
_NO_TABLE = {1146, 1054}
_BUSY = {1040, 1203, 1226}
_TOO_BIG = {1153, 1406, 1264, 1292, 1366, 3140, 4025}

_SQLITE: tuple[tuple[str, type[SavError], str], ...] = (
    ("locked", Unavailable, "is busy: another writer holds it"),
    ("readonly", Unavailable, "is read-only: check the file's and the folder's permissions"),
    ("unable to open", Unavailable, "cannot be opened: check the folder and its permissions"),
    ("disk is full", Unavailable, "cannot grow: the disk is full"),
    ("disk I/O", Unavailable, "cannot be read or written: disk error"),
    ("not a database", ConfigurationError, "is not a SQLite database"),
    ("malformed", Unavailable, "is damaged: restore it from a backup"),
    ("no such table", SchemaMismatch, "lacks a table: run savctl db upgrade"),
    ("no such column", SchemaMismatch, "lacks a column: run savctl db upgrade"),
)


def number_of(problem: DBAPIError) -> int | None:
    """The server's error number, when it gave one."""
    arguments = getattr(problem.orig, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def is_duplicate(problem: DBAPIError) -> bool:
    """Whether a unique key refused the row."""
    return number_of(problem) == 1062 or "UNIQUE constraint failed" in str(problem.orig)


def is_contended(problem: DBAPIError) -> bool:
    """Whether somebody else held for too long what was wanted."""
    return number_of(problem) in _CONTENDED


def is_refused(problem: DBAPIError) -> bool:
    """Whether the database user lacks the privilege."""
    return number_of(problem) in _REFUSED


def is_worth_another_try(problem: DBAPIError, attempt: int) -> bool:
    """Whether the same transaction may succeed when it is run again from its start.

    A duplicate key is tried again twice: a ticket number that was drawn twice is drawn anew, and
    of two requests with one idempotency key the second then finds the first one's answer.
    """
    if is_duplicate(problem):
        return attempt <= 2
    if isinstance(problem.orig, sqlite3.OperationalError):
        return "locked" in str(problem.orig)
    return number_of(problem) in _CONTENDED | _LOST


def translated(problem: DBAPIError, database: str) -> SavError:
    """The failure in an operator's words; something unknown stays an unexpected failure."""
    if is_duplicate(problem):
        return Refused(f"the database {database} has such a row already: {problem.orig}")
    if isinstance(problem.orig, sqlite3.Error):
        return _from_sqlite(str(problem.orig), database)
    return _from_server(number_of(problem), str(problem.orig), database)


def _from_sqlite(said: str, database: str) -> SavError:
    for words, kind, meaning in _SQLITE:
        if words in said:
            return kind(f"the database {database} {meaning}", database=database)
    return SavError(f"the database {database} failed: {said}", database=database)


def _from_server(number: int | None, said: str, database: str) -> SavError:
    known: tuple[tuple[set[int], type[SavError], str], ...] = (
        (_NO_SERVER, Unavailable, "does not answer: is the server up, and the address right?"),
        (_LOST, Unavailable, "was lost in the middle; nothing of this step was stored"),
        (_CONTENDED, Unavailable, "is too busy: a row stayed locked by somebody else"),
        (_REFUSED, NotPermitted, "refuses this user: check name, password and privileges"),
        (_READ_ONLY, Unavailable, "is read-only at the moment"),
        (_FULL, Unavailable, "cannot store more: disk, table or memory is full"),
        (_BUSY, Unavailable, "has no connection left"),
        (_NO_TABLE, SchemaMismatch, "lacks a table or column: run savctl db status"),
        (_TOO_BIG, InvalidInput, f"refuses a value: {said}"),
        ({1049}, ConfigurationError, "does not exist on that server"),
    )
    for numbers, kind, meaning in known:
        if number in numbers:
            return kind(f"the database {database} {meaning}", database=database, number=number)
    if number in {0, None}:
        return Unavailable(f"the connection to the database {database} broke: {said}")
    return SavError(f"the database {database} failed: {said}", database=database, number=number)
