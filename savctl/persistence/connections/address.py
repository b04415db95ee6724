"""Opening what an address names, with errors that do not repeat the address."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from savctl.errors import ConfigurationError, Unavailable
from savctl.private_files import make_private_file

if TYPE_CHECKING:
    from ssl import SSLContext

_OWN_TLS = ("ssl", "read_default_")  # options by which an address asks for TLS in its own way


def address(url: str) -> URL:
    """The parts of `database_url`.

    Raises:
        ConfigurationError: it is not an address of a database.
    """
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigurationError("database_url is not a database address") from None


def at_node(url: URL, node: str) -> str:
    """The same address at another node: `host`, `host:port` or the path of its socket."""
    if node.startswith("/"):
        there = url.set(host="localhost", port=None).update_query_dict({"unix_socket": node})
    else:
        parts = urlsplit(f"//{node}")
        there = url.set(host=parts.hostname, port=parts.port or url.port)
    return there.render_as_string(hide_password=False)


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
        connection = _not_yet_connected(dialect, given, named)
    try:
        connection.connect()
    except (ValueError, TypeError, LookupError, struct.error) as problem:
        raise Unavailable(
            f"the server at {name} is not MySQL or MariaDB: {type(problem).__name__}",
            hint="Do host and port name the database server?",
            database=name,
        ) from problem
    return connection


def _not_yet_connected(dialect: Any, given: Any, named: Any) -> Any:
    """A connection that knows how it will encrypt.

    Without a wish for TLS in the address, PyMySQL encrypts where the server can and checks no
    certificate, yet it reads all certificates of the machine for each connection: 30 ms. Here
    one context without them serves all connections.
    """
    if any(name.startswith(_OWN_TLS) for name in named):
        return dialect.connect(*given, **named, defer_connect=True)
    connection = dialect.connect(*given, **named, ssl_disabled=True, defer_connect=True)
    connection.ssl, connection.ctx = True, _unchecked_tls()
    return connection


@cache
def _unchecked_tls() -> SSLContext:
    from ssl import CERT_NONE, PROTOCOL_TLS_CLIENT, SSLContext

    context = SSLContext(PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = CERT_NONE
    return context
