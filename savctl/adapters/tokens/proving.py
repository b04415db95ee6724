"""Tokens of the auth service: a token proves a user and a role (rules 12.2).

Which algorithm holds is decided by the key, never by the token.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jwt

from savctl.adapters.tokens.checking_keys import CheckingKey, key_of_text
from savctl.adapters.tokens.claims import TokenRefused, role_in, user_in
from savctl.adapters.tokens.kept_keys import keys_of_url
from savctl.adapters.tokens.key_set import KeySet, key_set
from savctl.adapters.tokens.terms import TokenTerms
from savctl.domain.access.file_access import Requester
from savctl.errors import ConfigurationError

_LEEWAY_SECONDS = 30
_LONGEST_BYTES = 16 * 1024
_MOST_BYTES = 1024 * 1024  # of a file of keys
_UNREADABLE = (
    *(jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError),
    *(OverflowError, RecursionError),
)
_WHY: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, "has run out"),
    (jwt.ImmatureSignatureError, "is not valid yet"),
    (jwt.InvalidSignatureError, "was not signed with the key that checks tokens"),
    (jwt.InvalidAlgorithmError, "is signed by an algorithm that the key does not check"),
    (jwt.InvalidIssuerError, "was issued by somebody else than token_issuer"),
    (jwt.InvalidAudienceError, "is for another audience than token_audience"),
)


def requester_of(token: str, terms: TokenTerms) -> Requester:
    """The user and the role that a token proves.

    Raises:
        ConfigurationError: there is no key to check tokens with, or it is too weak.
        Unavailable: the server of the keys does not answer, and none are kept.
        TokenRefused: it is no token, ran out, was made by somebody else or names no role.
    """
    token = token.strip()
    head = _head(token)
    checked = _key_for(head.get("kid"), terms)
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            checked.key,
            algorithms=[checked.algorithm],
            leeway=_LEEWAY_SECONDS,
            issuer=terms.issuer,
            audience=terms.audience,
            options={
                "require": ["exp", "sub"],
                "verify_aud": terms.audience is not None,
                "verify_iss": terms.issuer is not None,
                "verify_sub": False,
                "verify_iat": False,
                "verify_jti": False,
            },
        )
    except _UNREADABLE as problem:
        raise _refused(problem) from None
    role = role_in(claims, path=terms.role_claim, names=terms.role_names)
    return Requester(user_id=user_in(claims), role=role)


def require_good_key(terms: TokenTerms) -> None:
    """Pass when tokens can be checked by these terms; no server is asked.

    Raises:
        ConfigurationError: the key is too short, a private one, or none at all.
    """
    if not terms.is_url or terms.key is not None:
        _require_one(terms)
        if terms.key is not None:
            key_of_text(terms.key)
        elif terms.jwks is not None:
            _of_file(terms.jwks)


def _head(token: str) -> dict[str, Any]:
    """A token that is none is named as such, whether there is a key to check it with or not."""
    if not token:
        raise TokenRefused("SAVCTL_TOKEN is empty", hint="Get a token, or unset SAVCTL_TOKEN.")
    if len(token) > _LONGEST_BYTES:
        raise TokenRefused(f"SAVCTL_TOKEN is longer than {_LONGEST_BYTES} bytes")
    try:
        head = jwt.get_unverified_header(token)
    except _UNREADABLE:
        raise TokenRefused(
            "SAVCTL_TOKEN is not a valid JWT (cannot be decoded)",
            hint="Get a token of the auth service, or unset SAVCTL_TOKEN.",
        ) from None
    if "crit" in head:
        raise TokenRefused("SAVCTL_TOKEN has a critical header that savctl does not know")
    return head


def _key_for(kid: object, terms: TokenTerms) -> CheckingKey:
    _require_one(terms)
    if terms.key is not None:
        return key_of_text(terms.key)
    name = kid if isinstance(kid, str) else None
    keys = _keys(terms, name)
    found = keys.find(name)
    if found is None:
        raise TokenRefused(
            "SAVCTL_TOKEN names no key of token_jwks"
            if name is None
            else "SAVCTL_TOKEN names a key that token_jwks does not have",
            hint="Get a new one.",
        )
    return found


def _require_one(terms: TokenTerms) -> None:
    if terms.key is not None and terms.jwks is not None:
        raise ConfigurationError(
            "token_key and token_jwks are both set", hint="Unset one of them."
        )
    if not terms.key and not terms.jwks:
        raise ConfigurationError(
            "SAVCTL_TOKEN is given, and there is no key to check it with",
            hint="Set SAVCTL_TOKEN_KEY, SAVCTL_TOKEN_KEY_FILE or SAVCTL_TOKEN_JWKS.",
        )


def _keys(terms: TokenTerms, kid: str | None) -> KeySet:
    place = str(terms.jwks)
    if terms.is_url:
        return keys_of_url(place, kid, folder=terms.folder, warn=terms.warn)
    return _of_file(place)


def _of_file(place: str) -> KeySet:
    try:
        with Path(place).open(encoding="utf-8-sig") as file:
            return key_set(file.read(_MOST_BYTES), place=place)
    except UnicodeDecodeError:
        raise ConfigurationError(f"token_jwks: {place} is no JWK set") from None
    except OSError as problem:
        raise ConfigurationError(f"token_jwks: {place}: {problem.strerror}") from None


def _refused(problem: Exception) -> TokenRefused:
    if isinstance(problem, jwt.MissingRequiredClaimError):
        return TokenRefused(f"SAVCTL_TOKEN lacks `{problem.claim}`", hint="Get a new one.")
    for kind, words in _WHY:
        if isinstance(problem, kind):
            return TokenRefused(f"SAVCTL_TOKEN {words}", hint="Get a new one.")
    return TokenRefused(f"SAVCTL_TOKEN is not a valid JWT ({type(problem).__name__})")
