"""The ratios of the last release, and which of them fell since (`benchmarks/baseline.json`).

A benchmark notes its ratios to a floor by name, the higher the better. They are kept by size: a
small run is not compared with one of the sizes of the promises.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

FILE = Path(__file__).parents[1] / "baseline.json"
FALL = 0.10  # so much may a ratio be smaller before it is named
Ratios = Mapping[str, float]

_noted: dict[str, float] = {}


def note_ratio(name: str, ratio: float) -> None:
    """Note how savctl compared with its floor in this run; of several the last counts."""
    _noted[name] = ratio


def noted() -> Ratios:
    """What this run noted so far."""
    return dict(_noted)


def kept(size: str, file: Path = FILE) -> Ratios:
    """The ratios kept of runs of this size; none where there is no file."""
    if not file.exists():
        return {}
    found: Ratios = json.loads(file.read_text()).get(size, {})
    return found


def keep(size: str, ratios: Ratios, file: Path = FILE) -> None:
    """Keep these ratios in the place of those of the same names; the others stay."""
    sizes = json.loads(file.read_text()) if file.exists() else {}
    rounded = {name: round(ratio, 2) for name, ratio in ratios.items()}
    sizes[size] = dict(sorted({**sizes.get(size, {}), **rounded}.items()))
    file.write_text(json.dumps(sizes, indent=2, sort_keys=True) + "\n")


def fallen(now: Ratios, before: Ratios) -> list[str]:
    """A line for each ratio that is smaller by more than a tenth than the one kept."""
    return [
        f"{name}: {now[name]:.2f}, kept {before[name]:.2f}"
        for name in sorted(now.keys() & before.keys())
        if now[name] < before[name] * (1 - FALL)
    ]
