"""Where the exports of these tests find their files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.ports import ObjectStore


@pytest.fixture
def home_store(tmp_path: Path) -> Iterator[ObjectStore]:
    """The folder that the command line of the tests takes for its bucket."""
    store = DirectoryStore(tmp_path / "home" / "files")
    yield store
    store.close()
