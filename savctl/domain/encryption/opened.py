"""What is shown of metadata: decrypted values, and those that stayed closed."""

from __future__ import annotations

from dataclasses import dataclass

from savctl.domain.model.metadata import Metadata


@dataclass(frozen=True, slots=True)
class ClosedValue:
    """A value that does not open: its path, and why; else than damaged it lacks its key."""

    path: str
    why: str
    is_key_missing: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """Metadata and the values of it that stayed closed."""

    metadata: Metadata
    unreadable: tuple[ClosedValue, ...] = ()
