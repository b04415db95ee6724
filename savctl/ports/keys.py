"""Where the keys of encrypted values are kept."""

from __future__ import annotations

from typing import Protocol

from savctl.domain.encryption.keys import KeyRing


class KeySource(Protocol):
    """The keys, read when they are needed and again when they have changed."""

    def keys(self) -> KeyRing:
        """All keys.

        Raises:
            KeysUnusable: they cannot be read, or are malformed.
        """
        ...
