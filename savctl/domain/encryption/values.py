"""One encrypted value: `savctl:enc:1:<kid>:<base64url of nonce, ciphertext, tag>` (rules 13.2).

AES-256-GCM over the JSON text of the value. The associated data names ticket and path, so a value
that was copied to another row or path does not open there.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from functools import lru_cache
from os import urandom
from typing import Any

from savctl.domain.encryption.keys import KeyRing

PREFIX = "savctl:enc:1:"
DAMAGED = "[damaged]"
_FORM = re.compile(r"savctl:enc:1:([A-Za-z0-9._-]{1,64}):([A-Za-z0-9_-]+)")
_NONCE_BYTES = 12
_SHORTEST = _NONCE_BYTES + 16
_PLAIN_STRING = re.compile(rb'"[^"\\\x00-\x1f\x80-\xff]*"')  # JSON, beyond doubt
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")
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


def prefix_of(kid: str) -> str:
    """What the values of a key begin with."""
    return f"{PREFIX}{kid}:"


def encrypt(text: str, keys: KeyRing, *, ticket_id: int, path: str) -> str:
    """The JSON text of a value, encrypted with the current key for its place."""
    return _sealed(text.encode(), keys, _place(ticket_id, path))


def decrypt(value: str, keys: KeyRing | None, *, ticket_id: int, path: str) -> str:
    """The JSON text of an encrypted value.

    Raises:
        ValueUnreadable: its key is not there, it does not open in this place, or holds no JSON.
    """
    return _opened(value, keys, _place(ticket_id, path)).decode()


def encrypt_anew(value: str, keys: KeyRing, ticket_id: int, path: str) -> str:
    """An encrypted value, encrypted with the current key.

    Raises:
        ValueUnreadable: as for decrypting it.
    """
    place = _place(ticket_id, path)
    return _sealed(_opened(value, keys, place), keys, place)


def _sealed(text: bytes, keys: KeyRing, place: bytes) -> str:
    kid = keys.current
    nonce = urandom(_NONCE_BYTES)
    sealed = nonce + _cipher(keys.keys[kid]).encrypt(nonce, text, place)
    coded = b2a_base64(sealed, newline=False).translate(_URL_SAFE).rstrip(b"=")
    return f"{PREFIX}{kid}:{coded.decode()}"


def _opened(value: str, keys: KeyRing | None, place: bytes) -> bytes:
    found = _FORM.fullmatch(value)
    if found is None:
        raise ValueUnreadable(None)
    kid, encoded = found.groups()
    key = keys.keys.get(kid) if keys is not None else None
    if key is None:
        raise ValueUnreadable(kid)
    try:
        # two signs too many do no harm, where one too few does
        sealed = a2b_base64(encoded.encode().translate(_FROM_URL_SAFE) + b"==")
        if len(sealed) < _SHORTEST:
            raise ValueUnreadable(None)
        text: bytes = _cipher(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place)
        if _PLAIN_STRING.fullmatch(text) is None:
            _require_json(text)
    except (ValueError, RecursionError, _invalid_tag()):
        raise ValueUnreadable(None) from None
    return text


def _require_json(text: bytes) -> None:
    """Another program may have encrypted what is none."""
    import json

    json.loads(text.decode())


@lru_cache(maxsize=64)  # to make one takes longer than to use it
def _cipher(key: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def _invalid_tag() -> type[Exception]:
    from cryptography.exceptions import InvalidTag

    return InvalidTag


def digest(text: str, key: bytes, *, path: str) -> str:
    """A digest of a JSON text that nobody can make, or guess the text from, without the key."""
    from hashlib import sha256
    from hmac import new

    return new(key, f"savctl request:{path}:{text}".encode(), sha256).hexdigest()


def _place(ticket_id: int, path: str) -> bytes:
    return f"support_tickets:{ticket_id}:metadata.{path}".encode()
