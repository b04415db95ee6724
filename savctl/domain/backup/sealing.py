"""The sealed form of a file of a backup: AES-256-GCM in chunks (rules 17.1).

A file begins with a line `savctl:backup:1` and a line of JSON: the file's own name (which has the
backup's id), the key's name, 32 random bytes, the chunks' size. Each chunk but the last has that
size; behind each stand 16 bytes of tag. The key is made by HKDF-SHA-256 from the named key, the
random bytes and both lines, so it is another one for each file: no chunk of one file is valid in
another. The nonce is the chunk's number and whether it is the last, so no chunk can be moved and
none can be missing at the end.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from savctl.domain.encryption.keys import KeyRing, KeysUnusable
from savctl.errors import Refused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"savctl:backup:1\n"
CHUNK_BYTES = 256 * 1024
TAG_BYTES = 16
LONGEST_HEADER = 4096
_SALT_BYTES = 32
_LARGEST_CHUNK = 16 * 1024**2


class SpoiledFile(Refused):
    """A file of a backup is not what was written: cut, changed, or another backup's."""

    code = "spoiled_backup"


class KeyMissing(KeysUnusable):
    """The key that sealed the file is not among the configured ones."""

    code = "key_missing"


@dataclass(frozen=True, slots=True)
class Cipher:
    """What seals and opens the chunks of one file; `header` is both lines."""

    header: bytes
    kid: str
    chunk_bytes: int
    _aead: AESGCM

    def seal(self, number: int, data: bytes, *, is_last: bool) -> bytes:
        """A chunk with its tag."""
        return self._aead.encrypt(_nonce(number, is_last), data, None)

    def open(self, number: int, sealed: bytes, *, is_last: bool) -> bytes:
        """What was sealed.

        Raises:
            SpoiledFile: it is not this chunk of this file.
        """
        from cryptography.exceptions import InvalidTag

        try:
            return self._aead.decrypt(_nonce(number, is_last), sealed, None)
        except (InvalidTag, ValueError):
            raise SpoiledFile(f"chunk {number + 1} is not what was written") from None


def new_cipher(name: str, keys: KeyRing) -> Cipher:
    """The cipher of a new file, by the current key."""
    fields = {
        "name": name,
        "kid": keys.current,
        "salt": b64encode(os.urandom(_SALT_BYTES)).decode(),
        "chunk_bytes": CHUNK_BYTES,
    }
    header = MAGIC + json.dumps(fields, sort_keys=True).encode() + b"\n"
    return _cipher(header, fields, keys)


def read_cipher(header: bytes, name: str, keys: KeyRing | None) -> Cipher:
    """The cipher of a stored file.

    Raises:
        SpoiledFile: the header is none, or that of another file.
        KeyMissing: no key of that name is configured.
    """
    fields = _fields(header)
    if fields["name"] != name:
        raise SpoiledFile(f"it is the file {str(fields['name'])[:80]!r}, not {name!r}")
    kid = str(fields["kid"])
    if keys is None or kid not in keys.keys:
        raise KeyMissing(
            f"the key {kid[:64]!r} that sealed {name} is not configured",
            hint="Add it to keys_file; savctl keys status lists the keys.",
            kid=kid[:64],
        )
    return _cipher(header, fields, keys)


def _fields(header: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(header.removeprefix(MAGIC))
        salt = b64decode(fields["salt"], validate=True)
        is_good = header.startswith(MAGIC) and len(salt) == _SALT_BYTES
        is_good &= 0 < int(fields["chunk_bytes"]) <= _LARGEST_CHUNK
        is_good &= isinstance(fields["name"], str) and isinstance(fields["kid"], str)
    except (ValueError, KeyError, TypeError):
        is_good = False
    if not is_good:
        raise SpoiledFile("its header is damaged")
    return dict(fields)


def _cipher(header: bytes, fields: dict[str, Any], keys: KeyRing) -> Cipher:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    kid = str(fields["kid"])
    made = HKDF(algorithm=SHA256(), length=32, salt=b64decode(fields["salt"]), info=header)
    return Cipher(header, kid, int(fields["chunk_bytes"]), AESGCM(made.derive(keys.keys[kid])))


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])
