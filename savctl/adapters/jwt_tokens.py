"""Tokens of the auth service: the one home of PyJWT (rules 12.2).

A token proves a user and a role. Which algorithm holds is decided by the key, never by the
token: a shared secret means HS256, a public key RS256 or ES256.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jwt

from savctl.domain.access.file_access import Requester, Role
from savctl.domain.text import MAX_FOREIGN_ID
from savctl.errors import ConfigurationError, NotPermitted

_SHORTEST_SECRET = 32
_LEEWAY_SECONDS = 30
_LONGEST_ID = 20  # digits of the greatest
_LEAST_FIRST = (Role.CUSTOMER, Role.AGENT, Role.ADMIN)


class TokenRefused(NotPermitted):
    """The token is invalid."""

    code = "token_refused"


_WHY: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, "has run out"),
    (jwt.ImmatureSignatureError, "is not valid yet"),
    (jwt.InvalidSignatureError, "was not signed with the key that token_key checks"),
    (jwt.InvalidAlgorithmError, "is signed by an algorithm that token_key does not check"),
    (jwt.MissingRequiredClaimError, "lacks `exp` or `sub`"),
)


def requester_of(token: str, *, key: str | None) -> Requester:
    """The user and the role that a token proves.

    Raises:
        ConfigurationError: there is no key to check tokens with, or it is too weak.
        TokenRefused: it is no token, ran out, was made by somebody else or names no role.
    """
    _require_form(token)
    checked = _checked(key)
    try:
        claims: dict[str, Any] = jwt.decode(
            token.strip(),
            checked.key,
            algorithms=[checked.algorithm],
            leeway=_LEEWAY_SECONDS,
            # who it is for is the auth service's matter: one key is one shop
            options={"require": ["exp", "sub"], "verify_aud": False, "verify_sub": False},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as problem:
        raise _refused(problem) from None
    return Requester(user_id=_user(claims), role=_role(claims))


def require_good_key(key: str) -> None:
    """Pass when tokens can be checked with this key.

    Raises:
        ConfigurationError: it is too short, a private key, or no key at all.
    """
    _checked(key)


def _require_form(token: str) -> None:
    """A token that is none is named as such, whether there is a key to check it with or not."""
    try:
        jwt.get_unverified_header(token.strip())
    except (jwt.PyJWTError, ValueError, TypeError):
        raise TokenRefused(
            "SAVCTL_TOKEN is not a valid JWT (cannot be decoded)",
            hint="Get a token of the auth service, or unset SAVCTL_TOKEN.",
        ) from None


def _refused(problem: Exception) -> TokenRefused:
    for kind, words in _WHY:
        if isinstance(problem, kind):
            return TokenRefused(f"SAVCTL_TOKEN {words}", hint="Get a new one.")
    return TokenRefused(f"SAVCTL_TOKEN is not a valid JWT ({type(problem).__name__})")


@dataclass(frozen=True, slots=True)
class _Key:
    """What a token is checked with, and by which algorithm alone."""

    key: Any
    algorithm: str


def _checked(key: str | None) -> _Key:
    if not key:
        raise ConfigurationError(
            "SAVCTL_TOKEN is given, and there is no key to check it with",
            hint="Set SAVCTL_TOKEN_KEY or SAVCTL_TOKEN_KEY_FILE.",
        )
    if key.lstrip().startswith("-----BEGIN"):
        return _public(key)
    if len(key.encode(errors="replace")) < _SHORTEST_SECRET:
        raise ConfigurationError(f"token_key is shorter than {_SHORTEST_SECRET} bytes")
    return _Key(key, "HS256")


def _public(key: str) -> _Key:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if "PRIVATE KEY" in key.partition("\n")[0]:
        raise ConfigurationError(
            "token_key is a private key: tokens are checked with the public one",
            hint="openssl pkey -in PRIVATE.pem -pubout prints it. Keep the private key elsewhere.",
        )
    try:
        found = load_pem_public_key(key.strip().encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigurationError("token_key is no public key in PEM form") from None
    if isinstance(found, rsa.RSAPublicKey):
        return _Key(found, "RS256")
    if isinstance(found, ec.EllipticCurvePublicKey) and isinstance(found.curve, ec.SECP256R1):
        return _Key(found, "ES256")
    raise ConfigurationError("token_key is neither an RSA key nor one of the curve P-256")


def _user(claims: dict[str, Any]) -> int:
    subject = str(claims["sub"])
    is_number = len(subject) <= _LONGEST_ID and subject.isascii() and subject.isdecimal()
    if not is_number or not 1 <= int(subject) <= MAX_FOREIGN_ID:
        raise TokenRefused("SAVCTL_TOKEN names no user id in `sub`")
    return int(subject)


def _role(claims: dict[str, Any]) -> Role:
    """The greatest role it bears, in `role` or `roles`."""
    one, many = claims.get("role"), claims.get("roles")
    roles = {one} if isinstance(one, str) else set[str]()
    roles |= {name for name in many if isinstance(name, str)} if isinstance(many, list) else set()
    found = [role for role in _LEAST_FIRST if role.value in roles]
    if not found:
        raise TokenRefused("SAVCTL_TOKEN bears none of the roles customer, agent, admin")
    return found[-1]
