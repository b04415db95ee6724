"""Which commands count towards the rate limit of a token's user (rules 12.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from savctl.domain.access.policy import is_machines_own

if TYPE_CHECKING:
    from savctl.cli.framework.context import CommandContext
    from savctl.persistence.engine import Database

_LOOKS_AFTER_SCHEMA = "db "


def count_command(call: CommandContext) -> None:
    """Count this command for the user that the token proves.

    Raises:
        RateLimited: the user has started as many as a minute allows.
    """
    from savctl.usecases.access import rate_limit

    is_machines = is_machines_own(call.words, is_slot=call.is_slot)
    is_free = is_machines and call.actor is None
    user_id = call.token_bearer.user_id
    if is_free or user_id is None or call.settings.rate_limit == rate_limit.NO_LIMIT:
        return
    database = _database(call)
    if database is not None:
        rate_limit.count_command(database, user_id=user_id, limit=call.settings.rate_limit)


def _database(call: CommandContext) -> Database | None:
    """Where it is counted; None for `db …` on a schema of another release, which may lack it."""
    if not call.words.startswith(_LOOKS_AFTER_SCHEMA):
        return call.unproved_app.database
    from savctl.persistence.schema.server_info import is_there
    from savctl.persistence.schema.versions import is_current

    raw = call.unproved_app.raw_database
    return raw if is_there(raw) and is_current(raw) else None
