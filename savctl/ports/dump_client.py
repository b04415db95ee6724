"""The database server's own client: dumps a database as SQL text, loads it again (rules 17.1)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from savctl.errors import ConfigurationError, Unavailable
from savctl.ports.backup_place import ByteSink, ByteSource


class ClientMissing(ConfigurationError):
    """The client program is not installed; the hint names its package."""

    code = "dump_client_missing"


class ClientFailed(Unavailable):
    """The client ended with an error; its own words are in the message."""

    code = "dump_client_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """How the client reaches the server; `family` is mariadb or mysql. Secrets are not shown."""

    family: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    socket: str | None = None
    tls: tuple[tuple[str, str], ...] = ()  # options of the client, such as ssl-ca


class DumpClient(Protocol):
    """The client programs of one server."""

    @property
    def version(self) -> str:
        """The version line of the dump program.

        Raises:
            ClientMissing: it is not installed.
        """
        ...

    def dump(self, schema: str, *, with_position: bool) -> AbstractContextManager[ByteSource]:
        """Dump one database at one moment, without locking it.

        The block ends with `ClientFailed` when the program did not end well, whatever was read.
        """
        ...

    def load(self, schema: str) -> AbstractContextManager[ByteSink]:
        """Run SQL text in a database; the block ends when all of it was done.

        Raises:
            ClientFailed: a statement failed; those before it stay done.
        """
        ...
