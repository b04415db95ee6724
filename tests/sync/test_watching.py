"""What `doctor` says of other services' messages, and what `cache-cleanup` forgets of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.database.cache_cleanup import clean_caches
from tests.given import rows
from tests.sync.conftest import Answer, TakeIn
from tests.sync.outside import Service, gone, user


@pytest.mark.only_on("sqlite")
def test_doctor_names_missing_queues_depth_and_dead_messages(answered: Answer) -> None:
    answered("event", "setup")

    def lines() -> dict[str, tuple[str, str]]:
        found = answered("doctor")
        return {one["check"]: (one["level"], one["found"]) for one in found}

    assert lines()["queues"][0] == "warn"
    assert "no queue sav.users" in lines()["queues"][1]
    assert lines()["sync"][0] == "ok"


@pytest.mark.only_on("sqlite")
def test_doctor_warns_of_old_messages_that_nobody_takes(
    answered: Answer, service: Service
) -> None:
    answered("event", "setup")
    service.send(b"poison")
    answered("sync", "consume", "--once")
    service.send(user(at="2025-10-03T10:00:00Z"))

    found = {one["check"]: one for one in answered("doctor")}

    assert found["queues"]["level"] == "warn"
    assert "sav.users: 1 message, 0 consumers, the oldest for" in found["queues"]["found"]
    assert found["sync"]["level"] == "warn"
    assert "1 dead message" in found["sync"]["found"]


def test_the_inbox_and_the_state_of_deleted_users_are_forgotten_in_time(
    database: Database, clock: SetClock, take: TakeIn
) -> None:
    take(user(1), gone(2))
    clock.advance(timedelta(days=20))
    take(user(3, at="2025-10-04T10:00:00Z"))

    def clean() -> tuple[int, int]:
        clean_caches(database, clock, terms=BatchContext(report=BatchReport()))
        inbox = rows(database, "SELECT message_key FROM savctl_inbox")
        return len(inbox), len(rows(database, "SELECT subject FROM savctl_sync_state"))

    clock.advance(timedelta(days=11))
    assert clean() == (1, 3)
    clock.advance(timedelta(days=335))
    assert clean() == (0, 2)
