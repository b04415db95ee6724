"""A token in every writing transaction, to be looked up when the answer to COMMIT was lost.

Rules 20.13. On a server COMMIT is a message, and so is its answer: a connection that breaks
between the two leaves open whether the change was stored. Each transaction therefore inserts a
random token last. Whoever must know inserts the same token on a new connection:

- it is a duplicate: the transaction was committed;
- it can be inserted: the transaction was rolled back, and can never be committed any more, since
  that token is taken now, on every node of a cluster;
- it has to wait: the transaction is still open on the server, as long as the wait lasts.

SQLite needs none of it: there COMMIT is a call inside this process, which returns its outcome.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from os import urandom
from typing import Any

from sqlalchemy import Connection, RootTransaction, select
from sqlalchemy.exc import DBAPIError

from savctl.errors import InvalidInput, Unavailable
from savctl.persistence import server_errors
from savctl.persistence.driver_errors import is_duplicate, number_of
from savctl.persistence.schema.tables import commits

KEPT = timedelta(days=7)
_C = commits.c
_DAY_SECONDS = 86_400
_DAY_DIGITS = 4
_TOKEN_DIGITS = 32
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
_HAS_WRITTEN = "savctl_has_written"
_LEAVE = (
    "INSERT INTO savctl_commits (token, is_stored, created_at) VALUES (%s, %s, UTC_TIMESTAMP(6))"
)


class MayBeStored(Unavailable):
    """The answer to COMMIT was lost, and whether the change was stored could not be found out."""

    code = "may_be_stored"

    def __init__(self, database: str, token: str) -> None:
        super().__init__(
            f"the database {database} was lost while it stored the change: "
            "the change may have been stored",
            hint=f"savctl db committed {token} shows whether it was; run the command again only "
            "if it was not.",
            database=database,
            commit_token=token,
        )


class CommitInDoubt(Exception):
    """COMMIT failed: `answer` is what the work answered; without a token it changed nothing."""

    def __init__(self, problem: DBAPIError, token: str | None, answer: Any) -> None:
        super().__init__(str(problem))
        self.problem, self.token, self.answer = problem, token, answer


def begin(connection: Connection) -> None:
    """Note that nothing has been written yet: pooled connections are used again."""
    connection.info.pop(_HAS_WRITTEN, None)


def note_write(connection: Connection, cursor: Any, statement: str, *_: object) -> None:
    """Listener `after_cursor_execute`: whether this transaction has changed a row."""
    if cursor.rowcount != 0 and statement.lstrip()[:7].upper().startswith(_WRITES):
        connection.info[_HAS_WRITTEN] = True


def commit(connection: Connection, transaction: RootTransaction, answer: object) -> None:
    """Commit with a token.

    Raises:
        CommitInDoubt: whatever error COMMIT answers, the token proves what became of it.
    """
    token = leave(connection)
    try:
        transaction.commit()
    except DBAPIError as problem:
        connection.invalidate()  # the server rolls back what it may still hold open for us
        raise CommitInDoubt(problem, token, answer) from problem


def leave(connection: Connection) -> str | None:
    """Insert a token as the last statement of a transaction; None where it changed nothing.

    Also None while the schema is older than the table: then only its upgrade is at work, and
    what that stores may be stored twice.
    """
    if not connection.info.get(_HAS_WRITTEN):
        return None
    token = new_token()
    try:
        connection.exec_driver_sql(_LEAVE, (token, True))
    except DBAPIError as problem:
        if number_of(problem) == server_errors.NO_SUCH_TABLE:
            return None
        raise
    return token


def was_stored(connection: Connection, token: str) -> bool:
    """Whether the transaction with this token was committed; if not, it never will be.

    The caller commits: the token is taken by then.
    """
    try:
        connection.exec_driver_sql(_LEAVE, (token, False))
    except DBAPIError as problem:
        if not is_duplicate(problem):
            raise
    else:
        return False
    query = select(_C.is_stored).where(_C.token == token)
    return bool(connection.execute(query).scalar_one())


def peek(connection: Connection, token: str) -> bool:
    """Whether the transaction with this token has been committed by now; changes nothing."""
    query = select(_C.is_stored).where(_C.token == token)
    return bool(connection.execute(query).scalar())


def new_token() -> str:
    """32 hexadecimal digits: the day, and chance.

    A day's tokens are spread over their part of the index, so that writers do not meet on its
    last page, and old ones are found by the key alone.
    """
    random_digits = urandom((_TOKEN_DIGITS - _DAY_DIGITS) // 2).hex()
    return f"{_first_of(time.time())}{random_digits}"


def require_known(token: str, *, now: datetime) -> str:
    """The token as it is stored.

    Raises:
        InvalidInput: it is none, or so old that it may have been removed.
    """
    lowered = token.strip().lower()
    if len(lowered) != _TOKEN_DIGITS or set(lowered) - set("0123456789abcdef"):
        raise InvalidInput(
            f"{token!r} is not a commit token: it has {_TOKEN_DIGITS} hexadecimal digits",
            hint="The message of the command that failed names it.",
        )
    if lowered < oldest_kept(now):
        raise InvalidInput(
            f"the token is older than {KEPT.days} days: its result is not kept any more",
            hint="Check whether the change is stored.",
        )
    return lowered


def oldest_kept(now: datetime) -> str:
    """Tokens below this one are removed by `cache-cleanup`."""
    return _first_of((now - KEPT).timestamp())


def _first_of(seconds: float) -> str:
    """The first digits of the tokens of that day."""
    return f"{int(seconds // _DAY_SECONDS):0{_DAY_DIGITS}x}"
