"""The database server's own number and words, behind what savctl makes of them.

"Access denied" and "Connection refused" show an operator which of five things is wrong. The
words name users, hosts and tables, never a password.
"""

from __future__ import annotations

import errno
import socket
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from savctl.errors import SavError

F = TypeVar("F", bound=SavError)
_LONGEST = 300


def with_server_words(failure: F, problem: DBAPIError) -> F:
    """The failure, its message followed by `(1045: Access denied for user …)`."""
    found = _words(problem.orig)
    if found is not None and found not in failure.message:
        failure.message = f"{failure.message} ({found})"
        failure.args = (failure.message,)
    return failure


def _words(error: BaseException | None) -> str | None:
    """Number and words; None for SQLite and for a connection that broke without any."""
    arguments: tuple[object, ...] = getattr(error, "args", ())
    if len(arguments) != 2 or not isinstance(arguments[0], int) or not arguments[0]:
        return None
    number, text = arguments
    if str(text) in {"", "None"}:
        return None
    cause = getattr(error, "original_exception", None)
    message = _of_network(cause) if isinstance(cause, OSError) else str(text)
    return f"{number}: {' '.join(message.split())[:_LONGEST]}"


def _of_network(cause: OSError) -> str:
    """Why there is no connection, by the name that people search for."""
    if isinstance(cause, socket.gaierror):
        is_unknown = cause.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None)}
        return f"{'NXDOMAIN' if is_unknown else 'DNS'}: {cause.strerror}"
    if isinstance(cause, TimeoutError):
        return f"ETIMEDOUT: {cause.strerror or 'no answer in time'}"
    name = errno.errorcode.get(cause.errno or 0, type(cause).__name__)
    return f"{name}: {cause.strerror or cause}"
