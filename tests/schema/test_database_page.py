"""docs/database.md cannot go stale."""

from __future__ import annotations

from savctl.domain.clock_skew import SKEW_LIMIT
from savctl.domain.tickets.integrity import SKEW
from savctl.domain.tickets.invariants import INVARIANTS
from savctl.persistence.jobs.schedules import OVERDUE
from savctl.usecases.doctor.database import SKEW_WARN
from savctl.usecases.doctor.work import OUTBOX_ERROR, OUTBOX_WARN, age_text
from tests.schema.support import PROJECT

PAGE = (PROJECT / "docs" / "database.md").read_text(encoding="utf-8")


def test_every_invariant_stands_in_the_page_as_it_is() -> None:
    for rule in INVARIANTS.values():
        row = f"| `{rule.id}` | {rule.severity} | {rule.meaning} | {rule.repair or ''} |"
        assert row in PAGE


def test_the_limits_of_the_doctor_stand_in_the_page() -> None:
    limits = (OUTBOX_WARN, OUTBOX_ERROR, OVERDUE, SKEW_LIMIT)

    assert all(age_text(limit) in PAGE or f"{limit.seconds} s" in PAGE for limit in limits)
    assert f"more than {SKEW_WARN.seconds} s apart" in PAGE
    assert f"up to {SKEW.seconds} seconds older" in PAGE
