"""How much one run repeats: `make test` enough to notice a fault, `make test-deep` all of it.

Environment:
    SAVCTL_TEST_DEEP: 1 = every repetition: kills, Hypothesis examples, sizes, each command-line
        test on each database.
    SAVCTL_TEST_CLUSTER: 1 = the tests on clusters, and no others.
    SAVCTL_TEST_KILLS: how often a killed process is killed on each of its databases or stores;
        5 when unset (10 on the usual two), 50 when deep.
"""

import os
from typing import TypeVar

T = TypeVar("T")

IS_DEEP = os.environ.get("SAVCTL_TEST_DEEP", "") not in {"", "0"}
ON_CLUSTERS = os.environ.get("SAVCTL_TEST_CLUSTER", "") not in {"", "0"}


def deep(full: T, *, usual: T) -> T:
    """The full size in a deep run, else the usual one."""
    return full if IS_DEEP else usual


KILLS = int(os.environ.get("SAVCTL_TEST_KILLS") or deep(50, usual=5))


def work_for_kills(each: int) -> int:
    """So much work that most kills hit some, with `each` a share for one kill."""
    return each * max(KILLS, 10)


def too_few(kills: int) -> float:
    """So many hits, of so many kills, prove nothing; on a loaded machine many kills miss."""
    return kills / 4
