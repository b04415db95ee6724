"""`python -m tests.chaos`: play days, print what happened, end with 1 when something was wrong."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.chaos.day import play


def main() -> int:
    """One day for each seed."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long a day is")
    parser.add_argument("--seed", type=int, nargs="+", default=[1], help="a day for each seed")
    given = parser.parse_args()
    is_wrong = False
    for seed in given.seed:
        with tempfile.TemporaryDirectory(prefix="savctl-chaos-") as folder:
            story = play(Path(folder), seed=seed, seconds=given.minutes * 60)
        sys.stdout.write(story.summary() + "\n")
        sys.stdout.flush()
        is_wrong = is_wrong or bool(story.problems)
    return int(is_wrong)


if __name__ == "__main__":
    sys.exit(main())
