"""The help-desk log of an Italian software company: 21,348 events of 4,580 cases."""

from __future__ import annotations

import pytest

from savctl.domain.tickets.closing import ClosingLimits
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.replay.timed_jobs import AUTO_CLOSE, CLOSE_RESOLVED, TimedJob, closings, every
from tests.depth import deep
from tests.outside.logs import (
    START,
    as_words,
    broken_invariants,
    counted_again,
    log_file,
    log_rows,
    play,
    unexplained_closings,
)

pytestmark = [
    pytest.mark.outside,
    pytest.mark.slow("plays the whole log of a desk"),
    pytest.mark.timeout(900),
]

MAPPING = "italian-helpdesk.toml"
MEANS = {
    "Take in charge ticket": "in_progress",
    "Wait": "waiting_customer",
    "Resolve ticket": "resolved",
    "Closed": "closed",
}


@pytest.mark.only_on(*deep(("sqlite", "mariadb", "mysql"), usual=("sqlite",)))
def test_a_strict_replay_gives_the_counts_of_its_readme(database: Database) -> None:
    path = log_file("italian-helpdesk", "helpdesk.csv")
    events = [
        (row["Complete Timestamp"], row["Case ID"], MEANS.get(row["Activity"]))
        for row in log_rows(path)
    ]
    events.sort(key=lambda event: event[0])
    applied, refused, clean, final = counted_again([(case, to) for _, case, to in events])

    report, bad = play(database, path, MAPPING)

    assert not bad
    assert (report.applied, report.refused) == (applied, refused)
    assert (report.clean, as_words(report.final)) == (clean, dict(final))
    assert (report.events, report.cases) == (21_348, 4_580)
    assert (sum(report.applied.values()), sum(report.refused.values())) == (14_459, 1_238)
    assert report.clean == 3_494
    assert as_words(report.final) == {
        "closed": 4_559,
        "resolved": 10,
        "waiting_customer": 5,
        "open": 4,
        "in_progress": 2,
    }
    assert broken_invariants(database) == []


@pytest.mark.deep
def test_with_jobs_every_close_is_explained_by_its_history(database: Database) -> None:
    path = log_file("italian-helpdesk", "helpdesk.csv")
    clock, limits = SetClock(START), ClosingLimits()
    runs = closings(database, clock, limits)
    jobs = [
        TimedJob(AUTO_CLOSE, limits.silence, every(15), runs[AUTO_CLOSE]),
        TimedJob(CLOSE_RESOLVED, limits.confirmation, every(15, past=7), runs[CLOSE_RESOLVED]),
    ]

    report, _ = play(database, path, MAPPING, clock=clock, jobs=jobs)

    assert dict(report.closed) == {"auto-close": 923, "close-resolved": 3_353}
    assert report.final["closed"] == 4_574
    assert unexplained_closings(database) == []
    assert broken_invariants(database) == []
