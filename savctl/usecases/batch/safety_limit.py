"""Safety brakes: a run that would do very much stops before it does anything (rules 3.4, 11.5).

A brake names the number that it counted. It stops no dry run: that one reports what would happen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from savctl.errors import NeedsConfirmation
from savctl.usecases.batch.batches import BatchContext

# Counting judges rows one by one: so many take about a second.
COUNTED = 20_000


@dataclass(frozen=True, slots=True)
class PlannedCount:
    """How many a run would change; when counting was ended early there are more than `number`."""

    number: int
    is_all: bool = True

    def __str__(self) -> str:
        return f"{self.number:,}" if self.is_all else f"more than {self.number:,}"

    def exceeds(self, brake: int) -> bool:
        """Whether so many need a person's confirmation."""
        return self.number > brake or not self.is_all


def counted(pages: Iterable[int], *, brake: int) -> PlannedCount:
    """The sum of what each page holds; counting ends where it would be slow."""
    enough, found = max(brake, COUNTED), 0
    for number in pages:
        found += number
        if found > enough:
            return PlannedCount(enough, is_all=False)
    return PlannedCount(found)


def stop(
    terms: BatchContext,
    reason: str,
    *,
    undone: str,
    hint: str,
    lifted_by: str = "--yes",
    **facts: object,
) -> None:
    """Stop a real run before it begins; a dry run goes on and its report has the reason.

    Raises:
        NeedsConfirmation: it is a real run; `undone` describes what was not done.
    """
    if terms.dry_run:
        terms.report.would_stop = f"{reason} ({lifted_by} lifts this brake)"
        return
    raise NeedsConfirmation(f"{reason}: {undone}", hint=hint, **facts)
