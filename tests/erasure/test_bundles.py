"""Bundles of the archive: each written once, and what a killed run left of them goes too."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from savctl.errors import Unavailable
from savctl.persistence.engine import Database
from savctl.ports import ObjectStore, SetClock
from savctl.usecases.archive import rewriting
from savctl.usecases.archive.cold_storage import DEFAULT_PREFIX, ColdStorage
from savctl.usecases.erasure.planning import Surroundings
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.transitions import close_ticket
from tests.archive.support import archive, bundle_states
from tests.erasure.conftest import Erase
from tests.erasure.everything import EVE, LONG_AGO
from tests.given import BOSS, CUSTOMER, NOW, created

pytestmark = pytest.mark.only_stores("directory")
WORDS = "words of Ada on a ticket of Eve"


@pytest.fixture
def cold(store: ObjectStore) -> ColdStorage:
    return ColdStorage(store, DEFAULT_PREFIX)


@pytest.fixture
def around(
    database: Database, store: ObjectStore, cold: ColdStorage, clock: SetClock
) -> Surroundings:
    return Surroundings(database=database, store=store, cold=cold, clock=clock)


def closed(database: Database, clock: SetClock, user_id: int, *, words: str = "") -> int:
    """A ticket that was closed long ago, with words of the person on it if there are any."""
    clock.at = LONG_AGO
    op = Operation(database, clock, actor=BOSS)
    ticket = created(database, clock, user_id=user_id).id
    if words:
        add_message(op, ticket, sender=("customer", CUSTOMER), body=words, other_customer=True)
    close_ticket(op, ticket, reason="done")
    clock.at = NOW
    return ticket


def test_each_bundle_is_written_once_and_its_old_object_goes(
    database: Database, clock: SetClock, cold: ColdStorage, erase: Erase, monkeypatch: Any
) -> None:
    for _ in range(4):
        closed(database, clock, CUSTOMER)
        closed(database, clock, EVE)
    archive(database, clock, cold, bundle_tickets=2)
    old = {bundle.key for bundle in cold.objects()}
    assert len(old) == 4
    written, write = Counter[str](), ColdStorage.write

    def counted(self: ColdStorage, key: str, *given: Any, **more: Any) -> Any:
        written[key] += 1
        return write(self, key, *given, **more)

    monkeypatch.setattr(ColdStorage, "write", counted)

    certificate: Any = erase().certificate

    assert list(written.values()) == [1, 1, 1, 1]
    assert {bundle.key for bundle in cold.objects()} == set(written)
    assert not any(cold.store.remains(key) for key in old)
    assert len({one["old"] for one in certificate["bundles"]}) == 4
    assert len({one["new"] for one in certificate["bundles"]}) == 4


def test_a_bundle_that_a_killed_run_replaced_goes_although_nothing_in_it_is_named_theirs(
    database: Database, clock: SetClock, cold: ColdStorage, erase: Erase, monkeypatch: Any
) -> None:
    closed(database, clock, EVE, words=WORDS)
    archive(database, clock, cold)
    created(database, clock)
    (old,) = (bundle.key for bundle in cold.objects())

    def dies(*_: Any, **__: Any) -> None:
        raise Unavailable("killed before the old bundle is purged")

    with monkeypatch.context() as patched:
        patched.setattr(rewriting, "purge_obsolete", dies)
        with pytest.raises(Unavailable):
            erase()
    assert any(WORDS.encode() in line for line in cold.lines(old))

    assert erase().certificate["partial"] is False

    assert not cold.store.remains(old)
    assert set(bundle_states(database)) == {"done"}
    assert not any(WORDS.encode() in line for b in cold.objects() for line in cold.lines(b.key))
