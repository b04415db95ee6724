"""Genuine files that lie elsewhere, such as test data of public projects, are never refused.

    SAVCTL_TEST_CORPUS=/folder:/other pytest tests/outside/test_corpus.py

Each folder has one folder for each program or project.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.outside.false_alarms import files_in, judged, report

FOLDERS = [
    Path(part) for part in os.environ.get("SAVCTL_TEST_CORPUS", "").split(os.pathsep) if part
]


@pytest.mark.outside
@pytest.mark.slow("reads thousands of files")
def test_no_genuine_file_of_the_corpus_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    if not FOLDERS:
        pytest.skip("SAVCTL_TEST_CORPUS names no folder of genuine files")
    tallies = judged(files_in(FOLDERS))

    with capsys.disabled():
        print(f"\n{report(tallies)}")  # noqa: T201 (the rate is what this is for)
    assert tallies, "the corpus is empty"
    assert [alarm for tally in tallies.values() for alarm in tally.alarms] == []
