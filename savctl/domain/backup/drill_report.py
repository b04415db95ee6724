"""What a drill found: a line for each recovery procedure (rules 17.5, settled 31)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from savctl.domain.clock import second_text

OK = "ok"
NO_MIRROR = "skipped: no mirror"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrilledProcedure:
    """One procedure: its outcome, how long it took, and what a disaster now would lose.

    `outcome` is "ok", "skipped: …" or "failed: …"; `lost_seconds` is None where nobody knows.
    """

    name: str
    outcome: str
    seconds: float
    lost_seconds: float | None

    @property
    def has_failed(self) -> bool:
        """Whether the procedure would not have worked."""
        return self.outcome.startswith("failed")

    def as_json(self) -> dict[str, object]:
        """The procedure as reports show it."""
        lost = None if self.lost_seconds is None else round(self.lost_seconds, 1)
        return {
            "name": self.name,
            "outcome": self.outcome,
            "seconds": round(self.seconds, 1),
            "lost_seconds": lost,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillReport:
    """A whole drill."""

    id: str
    made_at: datetime
    procedures: Sequence[DrilledProcedure]

    @property
    def failed(self) -> Sequence[DrilledProcedure]:
        """The procedures that did not work."""
        return [one for one in self.procedures if one.has_failed]

    def as_json(self) -> dict[str, object]:
        """The report as it is kept and printed."""
        return {
            "id": self.id,
            "made_at": second_text(self.made_at),
            "procedures": [one.as_json() for one in self.procedures],
        }
