"""The counts of a run at work: stored with its batches, so that a run that is killed keeps them.

Rules 10.4. The row adds up all attempts of a slot, so only what is not there yet is added.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sqlalchemy import Connection, update

from savctl.persistence.metrics.totals import add_to_totals
from savctl.persistence.schema.tables import runs

COUNTS = ("seen", "changed", "skipped", "failed")
RUNS_TOTAL, ITEMS_TOTAL = "savctl_job_runs_total", "savctl_job_items_total"
_R = runs.c


class RunOwner(Protocol):
    """What of a lease finds its run: a later holder has another token."""

    @property
    def name(self) -> str:
        """The job."""
        ...

    @property
    def run_id(self) -> int | None:
        """The run that the lease was taken for."""
        ...

    @property
    def token(self) -> int:
        """What only this holder has."""
        ...


class RunCounts:
    """What of a run's counts is in its row already."""

    def __init__(self, lease: RunOwner) -> None:
        self._lease = lease
        self._stored = dict.fromkeys(COUNTS, 0)

    def write(self, connection: Connection, counts: Mapping[str, int]) -> None:
        """Bring the row up to these counts, in the transaction of the batch that they are of.

        `settle` marks it as committed; until then it may be done again.
        """
        added = self.rest(counts)
        if any(added.values()):
            connection.execute(
                update(runs)
                .where(_R.id == self._lease.run_id, _R.token == self._lease.token)
                .values({name: _R[name] + count for name, count in added.items() if count})
            )
            count_items(connection, self._lease.name, added)

    def settle(self, counts: Mapping[str, int]) -> None:
        """These counts are in the row by now."""
        self._stored = {name: counts[name] for name in COUNTS}

    def rest(self, counts: Mapping[str, int]) -> dict[str, int]:
        """What is not in the row yet."""
        return {name: counts[name] - self._stored[name] for name in COUNTS}


def count_items(connection: Connection, job: str, counts: Mapping[str, int]) -> None:
    """Raise the totals of a job by what is added to the row of its run."""
    add_to_totals(connection, {(ITEMS_TOTAL, job, kind): counts[kind] for kind in COUNTS})


def count_run(connection: Connection, job: str, outcome: str) -> None:
    """Raise the total of runs that ended so; a continued slot counts once for each attempt."""
    add_to_totals(connection, {(RUNS_TOTAL, job, outcome): 1})
