"""What a job is, and where jobs are found."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from savctl.config import Settings
from savctl.domain.sla.policy import Policies
from savctl.errors import NotFound
from savctl.persistence.engine import Database
from savctl.ports import Broker, Clock, ObjectStore
from savctl.scheduling.troubles import Troubles
from savctl.usecases.batch.batches import BatchContext

if TYPE_CHECKING:
    from savctl.usecases.archive.cold_storage import ColdStorage


_JOBS = "jobs"  # found by name: nothing here knows a single job


class CatchUp(StrEnum):
    """What becomes of slots that passed while nobody could run the job."""

    LATEST = "latest"  # the newest one is run, the others are dropped: one run does it all
    EACH = "each"  # every one is run, oldest first: each stands for its own span of time
    SKIP = "skip"  # none is run: too late is useless


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What is added to a run: `--yes` lifts brakes, `--heal` repairs what is safe.

    `force` lifts the brake of orphan-cleanup; `plan_out` has it write what it would do into a
    file, `plan` has it do what such a file says. `stay_until` is for a steady job started by the
    scheduler: it goes on looking for work.
    """

    confirmed: bool = False
    heal: bool = False
    force: bool = False
    plan: Path | None = None
    plan_out: Path | None = None
    stay_until: datetime | None = None


NO_FLAGS = Flags()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a job works with; `terms` holds its report, its fence and the wish to stop.

    `cold` opens the archive's cold storage, which few jobs need; `troubles` are said once over
    all the runs of a process. `is_scheduled`: the run stands for a slot, nobody looks at it.
    """

    database: Database
    clock: Clock
    settings: Settings
    terms: BatchContext
    flags: Flags
    broker: Broker | None
    policies: Policies
    store: Callable[[], ObjectStore]  # its driver is loaded by those jobs only that ask for it
    cold: Callable[[], ColdStorage]
    troubles: Troubles
    is_scheduled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job: `cron` is in UTC, with weekdays by name; `options` are the flags it knows.

    A steady job started by the scheduler stays at work until its next slot.
    """

    name: str
    cron: str
    summary: str
    run: Callable[[Context], None]
    catch_up: CatchUp = CatchUp.LATEST
    options: frozenset[str] = frozenset()
    is_steady: bool = False


@cache
def all_jobs() -> Mapping[str, Job]:
    """Every job by name, in the order of their names."""
    found: dict[str, Job] = {}
    folder = importlib.import_module(_JOBS).__path__
    for module in sorted(pkgutil.iter_modules(folder), key=lambda m: m.name):
        job: Job = importlib.import_module(f"{_JOBS}.{module.name}").JOB
        found[job.name] = job
    return MappingProxyType(found)


def find_job(name: str) -> Job:
    """The job of this name.

    Raises:
        NotFound: there is none; the hint has the nearest name.
    """
    known = all_jobs()
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1)
    guess = f"Did you mean {near[0]!r}?" if near else f"Jobs: {', '.join(known)}."
    raise NotFound(f"no job is called {name!r}", hint=guess, job=name)
