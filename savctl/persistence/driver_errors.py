"""What the drivers' errors mean to an operator; no floor above knows PyMySQL's numbers."""

from __future__ import annotations

import sqlite3

from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError

from savctl.errors import (
    ConfigurationError,
    InvalidInput,
    Refused,
    SavError,
    SchemaMismatch,
    Unavailable,
)
from savctl.persistence import server_errors
from savctl.persistence.server_errors import CONFLICT, DENIED, LOCKED, LOST
from savctl.persistence.server_words import without_values

_RIGHTS = "Check who owns the file and its folder: savctl writes both."
_UPGRADE = "Run 'savctl db status'; 'savctl db upgrade' brings an older schema up to date."
_SQLITE: tuple[tuple[str, type[SavError], str, str], ...] = (
    ("locked", Unavailable, "is busy: another writer holds it", "Run the command again."),
    (
        "readonly",
        Unavailable,
        "is read-only: check the file's and the folder's permissions",
        _RIGHTS,
    ),
    (
        "unable to open",
        Unavailable,
        "cannot be opened: check the folder and its permissions",
        _RIGHTS,
    ),
    ("disk is full", Unavailable, "cannot grow: the disk is full", "Make room on that disk."),
    (
        "disk I/O",
        Unavailable,
        "cannot be read or written: disk error",
        "Look into the kernel's log, and keep SQLite files off network disks.",
    ),
    (
        "not a database",
        ConfigurationError,
        "is not a SQLite database",
        "Check the path: savctl config show. Nothing was changed in that file.",
    ),
    (
        "malformed",
        Unavailable,
        "is damaged: restore it from a backup",
        "Stop what writes to it first; keep the damaged file.",
    ),
    (
        "constraint failed",
        InvalidInput,
        "refuses a value that breaks a constraint",
        "Run 'savctl db check', which names broken rows.",
    ),
    ("no such table", SchemaMismatch, "lacks a table: run savctl db upgrade", _UPGRADE),
    ("no such column", SchemaMismatch, "lacks a column: run savctl db upgrade", _UPGRADE),
)


def number_of(problem: DBAPIError) -> int | None:
    """The server's error number, when it gave one."""
    return driver_number(problem.orig)


def driver_number(error: BaseException | None) -> int | None:
    """The error number in an exception of the driver itself."""
    arguments = getattr(error, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def is_duplicate(problem: DBAPIError) -> bool:
    """Whether a unique key refused the row."""
    is_servers = number_of(problem) == server_errors.DUPLICATE
    return is_servers or "UNIQUE constraint failed" in str(problem.orig)


def is_contended(problem: DBAPIError) -> bool:
    """Whether somebody else held for too long what was wanted."""
    return number_of(problem) in LOCKED.numbers | CONFLICT.numbers


def is_conflict(problem: DBAPIError) -> bool:
    """Whether other writers changed the same rows; a smaller transaction meets fewer of them."""
    return number_of(problem) in CONFLICT.numbers


def is_refused(problem: DBAPIError) -> bool:
    """Whether the database user lacks the privilege."""
    return number_of(problem) in DENIED


def is_worth_another_try(problem: DBAPIError, attempt: int) -> bool:
    """Whether the same transaction may succeed when it is run again from its start.

    A duplicate key is tried again twice: a ticket number that was drawn twice is drawn anew, and
    of two requests with one idempotency key the second then finds the first one's answer.
    """
    if is_duplicate(problem):
        return attempt <= 2
    if isinstance(problem.orig, sqlite3.OperationalError):
        return "locked" in str(problem.orig)
    meaning = server_errors.find(number_of(problem))
    return meaning is not None and meaning.repeats


def leave_server(context: ExceptionContext) -> None:
    """Listener `handle_error`: close every connection to a server that is of no use any more."""
    meaning = server_errors.find(driver_number(context.original_exception))
    if meaning is not None and meaning.leaves:
        context.is_disconnect = True


def translated(problem: DBAPIError, database: str, *, is_rolled_back: bool = False) -> SavError:
    """The failure in an operator's words; something unknown stays an unexpected failure.

    `is_rolled_back`: it is certain that the transaction in which it happened was not stored.
    """
    if is_duplicate(problem):
        return Refused(f"the database {database} has such a row already")
    if isinstance(problem.orig, sqlite3.Error):
        return _from_sqlite(str(problem.orig), database)
    number = number_of(problem)
    outcome = "; nothing of this step was stored" if is_rolled_back else ""
    words = without_values(str(problem.orig))
    return _from_server(number, words, database, after_loss=outcome)


def _from_sqlite(message: str, database: str) -> SavError:
    for words, kind, meaning, hint in _SQLITE:
        if words in message:
            return kind(f"the database {database} {meaning}", hint=hint, database=database)
    return SavError(f"the database {database} failed: {message}", database=database)


def _from_server(
    number: int | None, text: str, database: str, *, after_loss: str = ""
) -> SavError:
    meaning = server_errors.find(number)
    if number in server_errors.REFUSED_VALUES:
        meaning = server_errors.refused_value(text)
    if meaning is not None:
        outcome = after_loss if meaning is LOST else ""
        return meaning.kind(
            f"the database {database} {meaning.words}{outcome}",
            hint=meaning.hint,
            database=database,
            number=number,
        )
    if number is None:
        return Unavailable(
            f"the connection to the database {database} broke: {text}", database=database
        )
    return SavError(f"the database {database} failed: {text}", database=database, number=number)
