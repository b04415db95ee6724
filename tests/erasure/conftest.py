"""A person with everything, on each kind of database and of bucket that a test asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.persistence.engine import Database
from savctl.ports import ObjectStore, SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.erasure.erasing import ErasureReport, ErasureWish, erase_person
from savctl.usecases.erasure.planning import Surroundings
from tests.erasure.everything import Everything, everything
from tests.given import BOSS, CUSTOMER

Erase = Callable[..., ErasureReport]


@pytest.fixture
def home_store(tmp_path: Path) -> Iterator[ObjectStore]:
    """The folder that a command without a configured store uses."""
    store = DirectoryStore(tmp_path / "home" / "files")
    yield store
    store.close()


@pytest.fixture
def e(database: Database, store: ObjectStore, clock: SetClock) -> Everything:
    return everything(database, store, clock)


@pytest.fixture
def around(e: Everything) -> Surroundings:
    return Surroundings(database=e.database, store=e.store, cold=e.cold, clock=e.clock)


@pytest.fixture
def erase(around: Surroundings) -> Erase:
    """Erase the person, without a lease."""

    def run(**wish: Any) -> ErasureReport:
        terms = BatchContext(report=BatchReport())
        return erase_person(
            around, ErasureWish(**{"user_id": CUSTOMER, "by": BOSS, **wish}), terms
        )

    return run
