"""At the end of a run: how many tests each folder has, and the seconds they took.

A pytest plugin, loaded by tests/conftest.py. Seconds are those of the workers added up, with what
fixtures take; divide by the number of workers for the time on the wall.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePosixPath

import pytest

LEAST = 50  # tests; a run of a few needs no table
LONG_SECONDS = 2.0  # a test that takes longer says why, by `slow(reason)`


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, the slowest folder first."""
    tests, seconds = defaultdict[str, set[str]](set), defaultdict[str, float](float)
    reports = [
        report
        for found in terminalreporter.stats.values()
        for report in found
        if isinstance(report, pytest.TestReport)
    ]
    for report in reports:
        room = PurePosixPath(report.nodeid.partition("::")[0]).parent.as_posix()
        tests[room].add(report.nodeid)
        seconds[room] += report.duration
    if sum(map(len, tests.values())) < LEAST:
        return
    terminalreporter.section("seconds by folder")
    for room in sorted(tests, key=lambda name: -seconds[name]):
        terminalreporter.write_line(f"{seconds[room]:8.1f} s {len(tests[room]):6} {room}")
    for report in reports:
        if _is_long(report):
            terminalreporter.write_line(
                f"takes {report.duration:.1f} s and does not say why: {report.nodeid}"
            )


def _is_long(report: pytest.TestReport) -> bool:
    is_call = report.when == "call" and report.duration > LONG_SECONDS
    return is_call and "slow" not in report.keywords
