"""JWK sets: the keys of an auth service, each with its `kid` (rules 12.2)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from savctl.adapters.tokens.checking_keys import CheckingKey, key_of_jwk
from savctl.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of a set; a `kid` that two keys share names neither."""

    by_kid: Mapping[str, CheckingKey]
    only: CheckingKey | None

    def find(self, kid: str | None) -> CheckingKey | None:
        """The key of this name; without a name the only one there is."""
        return self.only if kid is None else self.by_kid.get(kid)


def key_set(text: str, *, place: str) -> KeySet:
    """The keys of a JWK set.

    Raises:
        ConfigurationError: it is no set, holds a private key, or no key that checks tokens.
    """
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError):
        stored = None
    members = stored.get("keys") if isinstance(stored, dict) else None
    if not isinstance(members, list):
        raise ConfigurationError(f"token_jwks: {place} is no JWK set")
    named: dict[str, list[CheckingKey]] = {}
    found = []
    for member in members:
        key = key_of_jwk(member) if isinstance(member, dict) else None
        if key is not None:
            found.append(key)
            if isinstance(kid := member.get("kid"), str):
                named.setdefault(kid, []).append(key)
    if not found:
        raise ConfigurationError(f"token_jwks: {place} holds no key that tokens are checked with")
    by_kid = {kid: keys[0] for kid, keys in named.items() if len(keys) == 1}
    return KeySet(by_kid, found[0] if len(found) == 1 else None)
