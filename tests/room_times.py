"""At the end of a run: how many tests each folder has, and the seconds they took.

A pytest plugin, loaded by tests/conftest.py. Seconds are those of the workers added up, with what
fixtures take; divide by the number of workers for the time on the wall.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePosixPath

import pytest

LEAST = 50  # tests; a run of a few needs no table


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, the slowest folder first."""
    tests, seconds = defaultdict[str, set[str]](set), defaultdict[str, float](float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                room = PurePosixPath(report.nodeid.partition("::")[0]).parent.as_posix()
                tests[room].add(report.nodeid)
                seconds[room] += report.duration
    if sum(map(len, tests.values())) < LEAST:
        return
    terminalreporter.section("seconds by folder")
    for room in sorted(tests, key=lambda name: -seconds[name]):
        terminalreporter.write_line(f"{seconds[room]:8.1f} s {len(tests[room]):6} {room}")
