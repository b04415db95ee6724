"""Was a change stored whose answer was lost? The token in the message answers it (rules 20.13)."""

from __future__ import annotations

from savctl.errors import InvalidInput, NotFound
from savctl.persistence import commit_tokens
from savctl.persistence.engine import Database
from savctl.ports import Clock


def require_committed(
    database: Database, clock: Clock, token: str, *, dry_run: bool = False
) -> str:
    """Pass when the transaction with this token was stored; answers the token.

    A transaction that is still open on the server is waited for. Afterwards the answer is
    final: one that was not stored is kept from being stored later. A dry run only looks.

    Raises:
        InvalidInput: no token, one too old to be known, or an embedded database.
        NotFound: it was not stored.
        MayBeStored: it is still open on the server, or the database is away.
    """
    if database.is_sqlite:
        raise InvalidInput(
            "an embedded database keeps no tokens: its COMMIT cannot lose its answer"
        )
    known = commit_tokens.require_known(token, now=clock())
    if _is_stored(database, known, dry_run=dry_run):
        return known
    raise NotFound(
        "the change was not stored",
        hint="Run its command again.",
        commit_token=known,
    )


def _is_stored(database: Database, token: str, *, dry_run: bool) -> bool:
    if not dry_run:
        return database.was_committed(token)
    with database.reading() as connection:
        return commit_tokens.peek(connection, token)
