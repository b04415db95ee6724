"""Object keys that every store takes for the same key.

Servers and HTTP libraries normalise paths: `a/../b` may reach another bucket, MinIO drops a
leading slash, SeaweedFS takes a backslash for a slash, and a control character cannot stand in
an XML answer. No key of ours has any of that; one that does is refused before anything is sent.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from savctl.ports.objects import KeyFailure, UnusableKey

LONGEST_BYTES = 1024


def checked_key(key: str) -> str:
    """The key, if it can be used.

    Raises:
        UnusableKey: it cannot.
    """
    why = _fault(key)
    if why is not None:
        raise UnusableKey(f"the object key {key[:100]!a} cannot be used: it {why}")
    return key


def checked_prefix(prefix: str) -> str:
    """The prefix, which is empty or ends in a slash: `tickets/1` would take in `tickets/10`."""
    if prefix and not prefix.endswith("/"):
        raise ValueError(f"the prefix {prefix!a} does not end in a slash")
    return checked_key(prefix) if prefix else prefix


def usable(keys: Iterable[str]) -> tuple[list[str], list[KeyFailure]]:
    """The keys that can be used, each once, and why the others cannot."""
    good: dict[str, None] = {}
    failures = []
    for key in keys:
        try:
            good[checked_key(key)] = None
        except UnusableKey as refused:
            failures.append(KeyFailure(key, refused.message))
    return list(good), failures


def _fault(key: str) -> str | None:
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        return "is no valid text"
    segments = key.removesuffix("/").split("/")
    faults = {
        "is empty": not key,
        f"is longer than {LONGEST_BYTES} bytes": length > LONGEST_BYTES,
        "has a control character": any(unicodedata.category(one) == "Cc" for one in key),
        "has a backslash": "\\" in key,
        "has an empty or dotted segment": not {"", ".", ".."}.isdisjoint(segments),
    }
    return next((why for why, is_so in faults.items() if is_so), None)
