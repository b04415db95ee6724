"""The binary logs of a database server: read from it, and replayed into one (rules 17.2, 17.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from savctl.errors import ConfigurationError, Refused, Unavailable


class NotReplicating(ConfigurationError):
    """The server writes no binary log, or the user may not read it."""

    code = "not_replicating"


class LogUnavailable(Unavailable):
    """The server broke off while a log was read, or does not have it any more."""

    code = "binary_log_unavailable"


class ReplayFailed(Refused):
    """The server refuses a change that is replayed."""

    code = "replay_failed"


class BinaryLogSource(Protocol):
    """A server whose logs are read raw, as it would send them to a replica."""

    def read(self, log: str) -> AbstractContextManager[Iterator[bytes]]:
        """A log from its beginning to its present end, in bounded pieces.

        Raises:
            NotReplicating: the user may not read logs, or none are written.
            ClientMissing: the client is not installed.
            LogUnavailable: the server broke off; what came so far is no whole log.
        """
        ...


class ReplaySession(Protocol):
    """A session in which logs are replayed one behind the other."""

    def apply(self, pieces: Iterable[bytes], *, start: int, stop: int | None) -> None:
        """Replay the changes of one log from `start` on, before `stop`.

        Raises:
            ReplayFailed: the server refuses a change; those before it are stored.
            LogUnavailable: the server broke off.
        """
        ...


class BinaryLogTarget(Protocol):
    """A server into which logs can be replayed."""

    def session(self, database: str, *, origin: str) -> AbstractContextManager[ReplaySession]:
        """Replay changes of the database `origin` into `database`; those of others are left out.

        Raises:
            ReplayFailed: the server refuses the last changes.
        """
        ...
