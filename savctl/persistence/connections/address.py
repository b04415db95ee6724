"""Opening what an address names, with errors that do not repeat the address."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from savctl.errors import ConfigurationError, Unavailable
from savctl.private_files import make_private_file


def address(url: str) -> URL:
    """The parts of `database_url`.

    Raises:
        ConfigurationError: it is not an address of a database.
    """
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigurationError("database_url is not a database address") from None


@contextmanager
def in_address(url: URL) -> Iterator[None]:
    """What a driver refuses before it asks a server: a wrong option, a file of keys.

    Its words may repeat the address, so only their kind and names are shown.

    Raises:
        ConfigurationError: the address asks for something that cannot be.
    """
    try:
        yield
    except (OSError, ValueError, TypeError, LookupError, ArgumentError) as problem:
        why = getattr(problem, "strerror", None) or type(problem).__name__
        options = ", ".join(sorted(url.query))
        raise ConfigurationError(
            f"database_url cannot be used: {why}" + f" (options: {options})" * bool(options),
            hint="Look at the options behind its question mark, and at the files they name.",
        ) from problem


def open_file(dialect: Any, url: URL, given: Any, named: Any) -> Any:
    """A new connection to a SQLite file, which is made readable by its owner only."""
    name = str(url.database or "")
    if name and name != ":memory:" and not name.startswith("file:"):
        with suppress(OSError):  # SQLite reports what is wrong
            make_private_file(Path(name))
    with in_address(url):
        return dialect.connect(*given, **named)


def open_server(dialect: Any, url: URL, name: str, given: Any, named: Any) -> Any:
    """A new connection to a server; `name` is what people call its database.

    Raises:
        Unavailable: something answers that is neither MySQL nor MariaDB.
    """
    with in_address(url):  # PyMySQL reads options and key files before it asks the server
        connection = dialect.connect(*given, **named, defer_connect=True)
    try:
        connection.connect()
    except (ValueError, TypeError, LookupError, struct.error) as problem:
        raise Unavailable(
            f"the server at {name} is not MySQL or MariaDB: {type(problem).__name__}",
            hint="Do host and port name the database server?",
            database=name,
        ) from problem
    return connection
