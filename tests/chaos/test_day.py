"""After a day full of faults nothing is lost, nothing is there twice, and everything was sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.day import play
from tests.depth import deep


@pytest.mark.deep
@pytest.mark.slow("a day of faults takes minutes")
@pytest.mark.timeout(1200)
def test_a_day_of_faults_leaves_everything_whole(tmp_path: Path) -> None:
    story = play(tmp_path, seed=20261129, seconds=deep(300, usual=60))

    assert not story.problems, story.summary()
    assert story.faults.total() >= 20
    assert sum(len(book.messages) for book in story.books) > 50
