"""Tokens of the auth service: the one home of PyJWT (spec: JWT Token Validation).

A token proves a user and a role. Which algorithm holds is decided by the key, never by the
token: a shared secret means HS256, a public key RS256 or ES256.
"""

from __future__ import annotations

from typing import Any

import jwt

from savctl.domain.file_access import Requester, Role
from savctl.domain.text import MAX_FOREIGN_ID
from savctl.errors import ConfigurationError, NotPermitted

_SHORTEST_SECRET = 32
_LEEWAY_SECONDS = 30
_LONGEST_ID = 20  # digits of the greatest
_LEAST_FIRST = (Role.CUSTOMER, Role.AGENT, Role.ADMIN)


class TokenRefused(NotPermitted):
    """The token proves nothing."""

    code = "token_refused"


def requester_of(token: str, *, key: str | None) -> Requester:
    """The user and the role that a token proves.

    Raises:
        ConfigurationError: there is no key to check tokens with, or it is too weak.
        TokenRefused: it is no token, ran out, was made by somebody else or names no role.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            token.strip(),
            _checked(key),
            algorithms=["RS256", "ES256"] if _is_public(key) else ["HS256"],
            leeway=_LEEWAY_SECONDS,
            # who it is for is the auth service's matter: one key is one shop
            options={"require": ["exp", "sub"], "verify_aud": False, "verify_sub": False},
        )
    except jwt.ExpiredSignatureError:
        raise TokenRefused("SAVCTL_TOKEN has run out", hint="Get a new one.") from None
    except jwt.InvalidKeyError:
        raise ConfigurationError("token_key is no key to check tokens with") from None
    except (jwt.InvalidTokenError, ValueError, TypeError) as problem:
        raise TokenRefused(f"SAVCTL_TOKEN proves nothing: {type(problem).__name__}") from None
    return Requester(user_id=_user(claims), role=_role(claims))


def _checked(key: str | None) -> str:
    if not key:
        raise ConfigurationError(
            "SAVCTL_TOKEN is given, and there is no key to check it with",
            hint="Set SAVCTL_TOKEN_KEY or SAVCTL_TOKEN_KEY_FILE.",
        )
    if not _is_public(key) and len(key.encode()) < _SHORTEST_SECRET:
        raise ConfigurationError(f"token_key is shorter than {_SHORTEST_SECRET} bytes")
    return key


def _is_public(key: str | None) -> bool:
    return key is not None and key.lstrip().startswith("-----BEGIN")


def _user(claims: dict[str, Any]) -> int:
    said = str(claims["sub"])
    is_number = len(said) <= _LONGEST_ID and said.isascii() and said.isdecimal()
    if not is_number or not 1 <= int(said) <= MAX_FOREIGN_ID:
        raise TokenRefused("SAVCTL_TOKEN names no user id in `sub`")
    return int(said)


def _role(claims: dict[str, Any]) -> Role:
    """The greatest role it bears, in `role` or `roles`."""
    one, many = claims.get("role"), claims.get("roles")
    said = {one} if isinstance(one, str) else set[str]()
    said |= {name for name in many if isinstance(name, str)} if isinstance(many, list) else set()
    found = [role for role in _LEAST_FIRST if role.value in said]
    if not found:
        raise TokenRefused("SAVCTL_TOKEN bears none of the roles customer, agent, admin")
    return found[-1]
