"""What the claims of a proved token mean: a user, and the highest of its roles (rules 12.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from savctl.domain.access.file_access import Role
from savctl.domain.text import MAX_FOREIGN_ID
from savctl.errors import NotPermitted

_LONGEST_ID = 20  # digits of the greatest
_LEAST_FIRST = (Role.CUSTOMER, Role.AGENT, Role.ADMIN)


class TokenRefused(NotPermitted):
    """The token is invalid."""

    code = "token_refused"


def user_in(claims: Mapping[str, Any]) -> int:
    """The user id in `sub`: a number, or its digits without sign, blank or leading zero.

    Raises:
        TokenRefused: it is none.
    """
    subject = claims["sub"]
    is_text = isinstance(subject, str) and len(subject) <= _LONGEST_ID
    if is_text and subject.isascii() and subject.isdecimal() and not subject.startswith("0"):
        subject = int(subject)
    is_id = isinstance(subject, int) and not isinstance(subject, bool)
    if not is_id or not 1 <= subject <= MAX_FOREIGN_ID:
        raise TokenRefused("SAVCTL_TOKEN names no user id in `sub`")
    return int(subject)


def role_in(claims: Mapping[str, Any], *, path: str | None, names: Mapping[str, Role]) -> Role:
    """The highest role it bears, in `role`, `roles` or at the path of `token_role_claim`.

    Raises:
        TokenRefused: it bears none that is known.
    """
    places = [claims.get("role"), claims.get("roles"), _at(claims, path)]
    borne = {names[name] for place in places for name in _texts(place) if name in names}
    found = [role for role in _LEAST_FIRST if role in borne]
    if not found:
        raise TokenRefused(
            "SAVCTL_TOKEN bears none of the roles customer, agent, admin",
            hint="token_role_claim names the claim, token_role_names the auth service's names.",
        )
    return found[-1]


def _texts(place: object) -> Iterator[str]:
    for name in place if isinstance(place, list) else [place]:
        if isinstance(name, str):
            yield name


def _at(claims: object, path: str | None) -> object:
    if path is None:
        return None
    for name in path.split("."):
        claims = claims.get(name) if isinstance(claims, Mapping) else None
    return claims
