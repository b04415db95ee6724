"""Figures as a table, each beside its target, and the exit code they come to."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from tabulate import tabulate


@dataclass(slots=True)
class Table:
    """One table of figures; a line that misses its target makes the whole run fail."""

    title: str
    headers: Sequence[str]
    lines: list[tuple[object, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missed: int = 0

    def add(self, *figures: object, is_met: bool | None) -> None:
        """Add a line; `is_met` is None where there is no target."""
        self.lines.append((*figures, {True: "ok", False: "MISSED", None: ""}[is_met]))
        self.missed += is_met is False

    def show(self) -> None:
        """Print what there is."""
        print(f"\n{self.title}\n")
        print(tabulate(self.lines, [*self.headers, ""], floatfmt=".2f", tablefmt="simple"))
        for note in self.notes:
            print(f"  {note}")
        sys.stdout.flush()


def finish(tables: Sequence[Table]) -> int:
    """Answer 1 when a target was missed."""
    return 1 if any(table.missed for table in tables) else 0


def say(progress: str) -> None:
    """Tell what is being done, to whoever waits."""
    sys.stderr.write(f"  … {progress}\n")
    sys.stderr.flush()


def cores() -> int:
    """How many processor cores this process may use."""
    return (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )


def percentile(sorted_times: Sequence[float], share: float) -> float:
    """The value that this share of all do not exceed."""
    return sorted_times[min(len(sorted_times) - 1, int(share * len(sorted_times)))]
