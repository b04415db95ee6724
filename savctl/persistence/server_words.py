"""The database server's own number and words, behind what savctl makes of them.

"Access denied" and "Connection refused" show an operator which of five things is wrong. The
words name users of the server, hosts and tables, never a password, and never a value of a row:
that may be an address of a customer.
"""

from __future__ import annotations

import re
import sqlite3
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from savctl.errors import SavError
from savctl.network_errors import network_words

F = TypeVar("F", bound=SavError)
_LONGEST = 300
# Where servers repeat what was to be stored or compared: duplicates, odd values, broken syntax.
# A value may hold quotes itself, so it ends at the last one that the rest of the words allows.
_VALUES = (
    re.compile(r"(?<=Duplicate entry )'.*'(?= for key )", re.DOTALL),
    re.compile(r"(?<= value: )'.*'(?= for (?:column|function) |$)", re.DOTALL),
    re.compile(r"(?<= near )'.*'(?= at line )", re.DOTALL),
    re.compile(r"(?<= out of range in )'.*'", re.DOTALL),
)


def with_server_words(failure: F, problem: DBAPIError) -> F:
    """The failure, its message followed by `(1045: Access denied for user …)`."""
    found = _words(problem.orig)
    if found is not None and found not in failure.message:
        failure.message = f"{failure.message} ({found})"
        failure.args = (failure.message,)
    return failure


def without_values(words: str) -> str:
    """A server's words without the values of rows that they repeat."""
    for pattern in _VALUES:
        words = pattern.sub("…", words)
    return words


def _words(error: BaseException | None) -> str | None:
    """Number or name, and words; None for a connection that broke without any."""
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", None)
        return f"{name}: {error}" if name else None
    arguments: tuple[object, ...] = getattr(error, "args", ())
    if len(arguments) != 2 or not isinstance(arguments[0], int) or not arguments[0]:
        return None
    number, text = arguments
    if str(text) in {"", "None"}:
        return None
    cause = getattr(error, "original_exception", None)
    message = network_words(cause) if isinstance(cause, OSError) else without_values(str(text))
    return f"{number}: {' '.join(message.split())[:_LONGEST]}"
