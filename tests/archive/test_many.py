"""Thousands of tickets archived and verified, a tenth of them (1,000 at most) brought back and
compared field by field with what they were.

The whole size, by hand: SAVCTL_ARCHIVE_TICKETS=200000 pytest tests/archive/test_many.py
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import Any

import pytest

from savctl.domain.model.metadata import Metadata
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.archive.cold_storage import ColdStorage
from savctl.usecases.archive.restore import restore_ticket
from savctl.usecases.archive.verify import verify_archive
from savctl.usecases.operation import Operation
from tests.archive.support import TABLES, archive, archived_ids, hot_ids, old_tickets
from tests.depth import deep
from tests.given import rows

pytestmark = [pytest.mark.slow("archives thousands of tickets"), pytest.mark.timeout(3600)]

TICKETS = int(os.environ.get("SAVCTL_ARCHIVE_TICKETS") or deep(2000, usual=800))
RESTORED = min(1000, TICKETS // 10)

Found = dict[str, list[dict[str, Any]]]


def rows_of(database: Database, ids: Sequence[int]) -> Found:
    """Every row of these tickets, table by table, as the driver reads it."""
    listed = ", ".join(map(str, ids))
    return {
        table: rows(
            database,
            f"SELECT * FROM {table} WHERE {'id' if table == TABLES[0] else 'ticket_id'} "
            f"IN ({listed}) ORDER BY 1",
        )
        for table in TABLES
    }


def test_what_comes_back_is_what_went(
    database: Database, clock: SetClock, cold: ColdStorage
) -> None:
    ids = old_tickets(database, TICKETS)
    wanted = sorted(random.sample(ids, RESTORED))
    before = rows_of(database, wanted)

    report = archive(database, clock, cold)

    assert (report.changed, report.failed, report.skipped) == (TICKETS, 0, 0)
    assert archived_ids(database) == set(ids)
    checked = list(verify_archive(database, cold))
    assert {one.problem for one in checked} == {None}
    assert sum(one.tickets for one in checked) == TICKETS

    for ticket_id in wanted:
        restore_ticket(Operation(database, clock, actor=5), cold, ticket_id)

    assert hot_ids(database) == set(wanted)
    assert archived_ids(database) == set(ids) - set(wanted)
    after = rows_of(database, wanted)
    for was, now in zip(before["support_tickets"], after["support_tickets"], strict=True):
        restored = Metadata.read(now["metadata"])
        *history, last = restored.history_items
        assert isinstance(last, dict)
        assert last["action"] == "restored"
        assert history == Metadata.read(was["metadata"]).history_items
        assert now | {"metadata": was["metadata"]} == was
    assert {**after, "support_tickets": []} == {**before, "support_tickets": []}
