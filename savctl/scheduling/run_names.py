"""The names that runs may have: those of the jobs, and those of bulk commands."""

from __future__ import annotations

from savctl.scheduling.job import find_job

BULK_PREFIX = "bulk-"
_VERBS = ("assign", "unassign", "wait", "resolve", "close", "priority", "tag", "undo")


def bulk_run_name(verb: str) -> str:
    """The name of the runs, and of the lease, of a bulk command."""
    return f"{BULK_PREFIX}{verb}"


def find_run_name(name: str) -> str:
    """The name as it is, when something that runs has it.

    Raises:
        NotFound: nothing has; the hint has the nearest job.
    """
    if name in {bulk_run_name(verb) for verb in _VERBS}:
        return name
    return find_job(name).name
