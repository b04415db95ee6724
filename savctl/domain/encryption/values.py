"""One encrypted value: `savctl:enc:1:<kid>:<base64url of nonce, ciphertext, tag>` (rules 13.2).

AES-256-GCM over the JSON text of the value. The associated data names ticket and path, so a value
that was copied to another row or path does not open there.
"""

from __future__ import annotations

import re
import secrets

from savctl.domain.encryption.keys import KeyRing

PREFIX = "savctl:enc:1:"
DAMAGED = "[damaged]"
_FORM = re.compile(r"savctl:enc:1:([A-Za-z0-9._-]{1,64}):([A-Za-z0-9_-]+)")
_NONCE_BYTES = 12
_SHORTEST = _NONCE_BYTES + 16
_LARAVEL_MEMBERS = frozenset({"iv", "value", "mac"})


class ValueUnreadable(Exception):
    """A value does not open; `kid` is the key that it lacks, None when it is damaged or moved."""

    def __init__(self, kid: str | None) -> None:
        super().__init__(kid)
        self.kid = kid

    @property
    def shown(self) -> str:
        """What is shown in its place."""
        return DAMAGED if self.kid is None else f"[encrypted: key {self.kid}]"

    @property
    def why(self) -> str:
        """The reason, for a warning."""
        if self.kid is None:
            return "it is damaged, or was written for another ticket or name"
        return f"the key {self.kid} is not there"


def is_encrypted(value: object) -> bool:
    """Whether a value has our prefix, whatever stands behind it."""
    return isinstance(value, str) and value.startswith(PREFIX)


def is_foreign(value: object) -> bool:
    """Whether another program encrypted it: a payload of Laravel's `Crypt`."""
    if not isinstance(value, str) or not value.startswith("eyJ"):  # base64 of {"
        return False
    import json
    from base64 import b64decode

    try:
        payload = json.loads(b64decode(value, validate=True))
    except (ValueError, RecursionError):
        return False
    return isinstance(payload, dict) and payload.keys() >= _LARAVEL_MEMBERS


def key_of(value: object) -> str | None:
    """The name of the key that a value was encrypted with; None where there is none."""
    found = _FORM.fullmatch(value) if isinstance(value, str) else None
    return None if found is None else found[1]


def encrypt(text: str, keys: KeyRing, *, ticket_id: int, path: str) -> str:
    """The JSON text of a value, encrypted with the current key for its place."""
    from base64 import urlsafe_b64encode

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE_BYTES)
    cipher = AESGCM(keys.keys[keys.current])
    sealed = nonce + cipher.encrypt(nonce, text.encode(), _place(ticket_id, path))
    return f"{PREFIX}{keys.current}:{urlsafe_b64encode(sealed).rstrip(b'=').decode()}"


def decrypt(value: str, keys: KeyRing | None, *, ticket_id: int, path: str) -> str:
    """The JSON text of an encrypted value.

    Raises:
        ValueUnreadable: its key is not there, or it does not open in this place.
    """
    from base64 import urlsafe_b64decode

    found = _FORM.fullmatch(value)
    if found is None:
        raise ValueUnreadable(None)
    kid, encoded = found[1], found[2]
    key = keys.keys.get(kid) if keys is not None else None
    if key is None:
        raise ValueUnreadable(kid)
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        sealed = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        if len(sealed) < _SHORTEST:
            raise ValueUnreadable(None)
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return AESGCM(key).decrypt(nonce, rest, _place(ticket_id, path)).decode()
    except (ValueError, InvalidTag):
        raise ValueUnreadable(None) from None


def digest(text: str, key: bytes, *, path: str) -> str:
    """A digest of a JSON text that nobody can make, or guess the text from, without the key."""
    from hashlib import sha256
    from hmac import new

    return new(key, f"savctl request:{path}:{text}".encode(), sha256).hexdigest()


def _place(ticket_id: int, path: str) -> bytes:
    return f"support_tickets:{ticket_id}:metadata.{path}".encode()
