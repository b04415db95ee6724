"""What the tests of metrics share."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.conftest import Cli

Metrics = Callable[[], dict[str, float]]
_SAMPLE = re.compile(r"^([a-z_]+)(?:\{(.*)\})? (\S+)$")


def samples(text: str) -> dict[str, float]:
    """Values by name and labels, the labels in the order of their names."""
    found = (_SAMPLE.match(line) for line in text.splitlines() if not line.startswith("#"))
    return {
        one[1] + (f"{{{one[2]}}}" if one[2] else ""): float(one[3])
        for one in found
        if one is not None
    }


@pytest.fixture
def metrics(cli: Cli) -> Metrics:
    """What `savctl metrics` prints."""

    def read() -> dict[str, float]:
        done = cli("metrics")
        assert done.code == 0, done.err
        return samples(done.out)

    return read
