"""A folder as bucket, and cold storage in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.ports import SetClock
from savctl.usecases.archive.cold_storage import DEFAULT_PREFIX, ColdStorage


@pytest.fixture
def store(tmp_path: Path, clock: SetClock) -> Iterator[DirectoryStore]:
    found = DirectoryStore(tmp_path / "home" / "files", clock)
    yield found
    found.close()


@pytest.fixture
def cold(store: DirectoryStore) -> ColdStorage:
    return ColdStorage(store, DEFAULT_PREFIX)
