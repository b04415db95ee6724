"""The keys of encrypted values: lines `KID BASE64-OF-32-BYTES` (rules 13.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from savctl.errors import ConfigurationError

KEY_BYTES = 32
_KID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class KeysUnusable(ConfigurationError):
    """There are no keys to use: the file is gone, malformed, or open to others."""

    code = "keys_unusable"


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys by their names, in the order of the file; `current` encrypts what is written."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)


def is_key_name(text: str) -> bool:
    """Whether a key may have this name."""
    return _KID.fullmatch(text) is not None


def read_keys(text: str, *, source: str) -> KeyRing:
    """The keys of a text; `source` is what an error names. A line is never repeated: it is secret.

    Raises:
        KeysUnusable: no key, a name twice, or a line that is none.
    """
    keys: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        kid, key = _line(line, f"{source}, line {number}")
        if kid in keys:
            raise KeysUnusable(f"{source}, line {number}: the key {kid} stands twice")
        keys[kid] = key
    if not keys:
        raise KeysUnusable(
            f"{source} has no key", hint="Run 'savctl keys generate --kid NAME' to add one."
        )
    return KeyRing(current=next(reversed(keys)), keys=keys)


def _line(line: str, place: str) -> tuple[str, bytes]:
    from base64 import b64decode

    words = line.split()
    if len(words) != 2:
        raise KeysUnusable(f"{place}: must be KID BASE64-OF-{KEY_BYTES}-BYTES")
    kid, encoded = words
    if not is_key_name(kid):
        raise KeysUnusable(f"{place}: the name of a key has 1 to 64 of A-Z a-z 0-9 . _ -")
    try:
        key = b64decode(encoded, validate=True)
    except ValueError:
        raise KeysUnusable(f"{place}: the key {kid} is not base64") from None
    if len(key) != KEY_BYTES:
        raise KeysUnusable(f"{place}: the key {kid} has {len(key)} bytes, not {KEY_BYTES}")
    return kid, key
