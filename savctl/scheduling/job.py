"""What a job is, and where jobs are found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from savctl.config import Settings
from savctl.domain.sla.policy import Policies
from savctl.errors import NotFound
from savctl.persistence.engine import Database
from savctl.places import folder_of
from savctl.ports import Broker, Clock, ObjectStore, Queues
from savctl.scheduling.job_options import JobOptions, Options
from savctl.scheduling.troubles import Troubles
from savctl.usecases.batch.batches import BatchContext

if TYPE_CHECKING:
    from savctl.ports.ticket_cache import TicketCache
    from savctl.usecases.analytics.places import AnalyticsPlace
    from savctl.usecases.archive.cold_storage import ColdStorage
    from savctl.usecases.backup.logs.copying import LogCopying
    from savctl.usecases.backup.work import BackupWork
    from savctl.usecases.mirror.mirror import Mirror
    from savctl.usecases.sync.asking import Services


class CatchUp(StrEnum):
    """What becomes of slots that passed while nobody could run the job."""

    LATEST = "latest"  # the newest one is run, the others are dropped: one run does it all
    EACH = "each"  # every one is run, oldest first: each stands for its own span of time
    SKIP = "skip"  # none is run: too late is useless


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a job works with; `terms` holds its report, its fence and the wish to stop.

    `is_confirmed`: a person said --yes, which lifts brakes. `options` are those that the job
    declares. `run_until` is for a continuous job that the scheduler started: it goes on looking
    for work until then. `cold` opens the archive's cold storage and `analytics` the place of
    the months, which few jobs need; `troubles` are reported once over all the runs of a process.
    `ticket_cache` is the service's, where it is configured.
    `is_scheduled`: the run stands for a slot, nobody looks at it.
    """

    database: Database
    clock: Clock
    settings: Settings
    terms: BatchContext
    is_confirmed: bool
    options: JobOptions
    run_until: datetime | None
    broker: Broker | None
    queues: Queues | None
    services: Callable[[], Services]  # those that may be asked; it loads the broker's driver
    policies: Policies
    store: Callable[[], ObjectStore]  # its driver is loaded by those jobs only that ask for it
    cold: Callable[[], ColdStorage]
    analytics: Callable[[], AnalyticsPlace]
    log_copying: Callable[[], LogCopying]
    backups: Callable[[], BackupWork]
    mirror: Callable[[], Mirror | None]
    troubles: Troubles
    ticket_cache: Callable[[], TicketCache | None] = lambda: None
    is_scheduled: bool = False

    def options_as(self, kind: type[Options]) -> Options:
        """The options, of the class that the job declares."""
        if not isinstance(self.options, kind):
            raise TypeError(f"{type(self.options).__name__} is not {kind.__name__}")
        return self.options


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job: `cron` is in UTC, with weekdays by name; `options` is the class of its own options.

    A continuous job started by the scheduler stays at work until its next slot.
    """

    name: str
    cron: str
    summary: str
    run: Callable[[Context], None]
    catch_up: CatchUp = CatchUp.LATEST
    options: type[JobOptions] = JobOptions
    is_continuous: bool = False


@cache
def all_jobs() -> Mapping[str, Job]:
    """Every job by name, in the order of their names."""
    files = sorted(folder_of("jobs").glob("[!_]*.py"))
    jobs = [_load(file) for file in files]  # found by name: nothing here knows a single job
    return MappingProxyType({job.name: job for job in jobs})


def _load(file: Path) -> Job:
    spec = spec_from_file_location(f"savctl.jobs.{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be loaded")
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    job: Job = module.JOB
    return job


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
