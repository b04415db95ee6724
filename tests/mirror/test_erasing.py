"""An erasure removes a person's objects from the mirror, and nobody else's (rules 16.3)."""

from __future__ import annotations

import pytest

from savctl.domain.files.file_names import TICKETS
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.erasure.erasing import ErasureWish, erase_person
from savctl.usecases.erasure.planning import Surroundings
from savctl.usecases.erasure.verifying import verify_person
from tests.erasure.everything import PNG, Everything, everything
from tests.given import BOSS, CUSTOMER
from tests.mirror.conftest import Mirrored

pytestmark = [pytest.mark.only_stores("directory"), pytest.mark.slow("makes and erases a person")]


def contents_of(m: Mirrored) -> bytes:
    return b"".join(m.contents().values())


def test_a_persons_objects_leave_the_mirror_and_the_certificate_says_so(
    database: Database, clock: SetClock, m: Mirrored
) -> None:
    e: Everything = everything(database, m.store, clock)
    e.release()
    m.copy()
    for key in sorted(m.keys()):
        if key.startswith(TICKETS):
            m.store.purge([key])  # the bucket lost one: the mirror alone has it
            break
    around = Surroundings(
        database=database, store=m.store, cold=e.cold, clock=clock, mirror=m.mirror
    )
    before = verify_person(around, CUSTOMER)
    assert before.found["mirror"] > 0
    eves = {
        name: content
        for name, content in m.contents().items()
        if content.startswith(PNG) and b"mark" not in content
    }

    wish = ErasureWish(user_id=CUSTOMER, by=BOSS)
    report = erase_person(around, wish, BatchContext(report=BatchReport()))

    [place] = [p for p in report.certificate["places"] if p["place"] == "mirror"]  # type: ignore[attr-defined]
    assert place["found"] == place["removed"] > 0
    for mark in e.marks:
        assert mark.encode() not in contents_of(m)
    assert verify_person(around, CUSTOMER).found["mirror"] == 0
    assert eves.items() <= m.contents().items()
    assert len(list(m.files.names("index/"))) == 1
