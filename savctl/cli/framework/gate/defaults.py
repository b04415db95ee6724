"""Options that the user of a token need not give: who asks is who is meant (rules 12.3).

It is loaded only where a required option is missing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from savctl.config import Settings, from_environment
from savctl.domain.access.file_access import Requester, Role
from savctl.errors import SavError

_COMMANDS = {"ticket create": "user", "message add": "sender"}


def own_words(command: Any, context: Any, words: list[str]) -> list[str]:
    """`--user` of a customer, `--from` of a customer or an agent, where they are missing.

    Raises:
        NotPermitted: the token is invalid.
    """
    name = _COMMANDS.get(str(context.command_path).removeprefix("savctl "))
    if name is None:
        return []
    given, _, _ = command.make_parser(context).parse_args(args=list(words))
    if isinstance(given.get(name), str):
        return []
    settings = _settings(given.get("config"))
    if settings is None or settings.token is None:
        return []
    from savctl.adapters.tokens.proving import requester_of
    from savctl.adapters.tokens.terms import terms_of

    bearer = requester_of(settings.token, terms_of(settings))
    return _user(bearer) if name == "user" else _sender(bearer)


def _user(bearer: Requester) -> list[str]:
    return [f"--user={bearer.user_id}"] if bearer.role is Role.CUSTOMER else []


def _sender(bearer: Requester) -> list[str]:
    kind = "customer" if bearer.role is Role.CUSTOMER else "agent"
    return [f"--from={kind}:{bearer.user_id}"]


def _settings(config: object) -> Settings | None:
    """The settings; None where they are wrong, which the missing option is answered before."""
    try:
        return from_environment(file=Path(config) if isinstance(config, str) else None)
    except SavError:
        return None
