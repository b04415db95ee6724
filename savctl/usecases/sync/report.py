"""What taking in messages did, counted."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class SyncCounts:
    """Messages by what became of them; `tickets` are those that changed.

    `applied` had an effect; `outdated` were older than what is known; `unknown` are events that
    savctl has no use for; `suppressed` were about persons who are erased.
    """

    received: int = 0
    applied: int = 0
    tickets: int = 0
    duplicates: int = 0
    outdated: int = 0
    unknown: int = 0
    suppressed: int = 0
    dead: int = 0

    def add(self, other: SyncCounts) -> None:
        """Count another batch, too."""
        for name, number in asdict(other).items():
            setattr(self, name, getattr(self, name) + number)
