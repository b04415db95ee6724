"""Pseudonyms of erased persons: HMAC-SHA-256 of the user id (rules 16.8).

Who has a list of user ids can try them all; without the key there is nothing to try.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_KID = re.compile(r"[A-Za-z0-9._-]{1,64}")
ONLY_KEY = "default"  # the name of a key that stands alone, without a name
STORED_KEY = "database"  # the name of the one that savctl made for itself


@dataclass(frozen=True, slots=True)
class ErasureKeys:
    """Secrets by their names in the order given; `current` makes new pseudonyms."""

    current: str
    secrets: Mapping[str, bytes] = field(repr=False)

    def pseudonym(self, user_id: int) -> str:
        """What stands for a person from now on: 64 hexadecimal digits."""
        return self.mac(str(user_id))

    def pseudonyms(self, user_id: int) -> tuple[str, ...]:
        """What may stand for a person, under every key."""
        text = str(user_id).encode()
        return tuple(_hmac(secret, text) for secret in self.secrets.values())

    def mac(self, text: str) -> str:
        """The keyed digest of a text, by the current key."""
        return _hmac(self.secrets[self.current], text.encode())

    def made(self, mac: str, text: str) -> bool:
        """Whether one of the keys made the keyed digest of a text."""
        from hmac import compare_digest

        found = (_hmac(secret, text.encode()) for secret in self.secrets.values())
        return any(compare_digest(mac, one) for one in found)

    def with_older(self, older: Mapping[str, bytes]) -> ErasureKeys:
        """These keys, and others that are looked up only."""
        return ErasureKeys(self.current, {**older, **self.secrets})


def read_erasure_keys(text: str) -> ErasureKeys:
    """One secret, or lines `KID SECRET`, the last of which is the current key.

    Raises:
        ValueError: no secret, a name twice, or a line that is none; it is never repeated.
    """
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if not lines:
        raise ValueError("is empty")
    if len(lines) == 1 and len(lines[0]) == 1:
        return ErasureKeys(ONLY_KEY, {ONLY_KEY: lines[0][0].encode()})
    secrets: dict[str, bytes] = {}
    for number, words in enumerate(lines, start=1):
        if len(words) != 2 or _KID.fullmatch(words[0]) is None:
            raise ValueError(f"line {number} must be KID SECRET")
        if words[0] in secrets:
            raise ValueError(f"line {number}: the key {words[0]} stands twice")
        secrets[words[0]] = words[1].encode()
    return ErasureKeys(next(reversed(secrets)), secrets)


def _hmac(secret: bytes, text: bytes) -> str:
    import hmac  # it loads OpenSSL, and every start imports this module

    return hmac.new(secret, text, "sha256").hexdigest()
