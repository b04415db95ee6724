"""Jobs, runs and slots as the command line shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from shlex import quote

from savctl.bootstrap import App
from savctl.cli.framework.page import section, title
from savctl.cli.views.jobs import item_lines
from savctl.config import SYSTEM_FILE, Settings
from savctl.persistence.jobs import leases, runs
from savctl.persistence.jobs.leases import Holder
from savctl.persistence.jobs.runs import Run
from savctl.scheduling.job import Job, all_jobs
from savctl.scheduling.plan import OFF, all_schedules
from savctl.scheduling.runner import JobReport
from savctl.scheduling.slots import Schedule

LIST_COLUMNS = (
    *("job", "next_slot", "last_status", "summary"),
    *("running_on", "schedule", "last_started_at"),
)
HISTORY_COLUMNS = (
    "id",
    "job",
    "scheduled_for",
    "started_by",
    "host",
    "started_at",
    "finished_at",
    "status",
    "seen",
    "changed",
    "skipped",
    "failed",
)
HISTORY_KEPT = ("started_at", "status", "changed")
_CRON_COMMAND = "savctl job run {} --due --quiet {}>/dev/null"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """How things stand with one job."""

    job: Job
    schedule: Schedule | None
    next_slot: datetime | None
    holder: Holder | None
    last: Run | None

    def as_row(self) -> dict[str, object]:
        """The row of `job list`."""
        return {
            "job": self.job.name,
            "summary": self.job.summary,
            "schedule": self.schedule.line if self.schedule else OFF,
            "catch_up": str(self.job.catch_up),
            "next_slot": self.next_slot,
            "running_on": self.holder.owner if self.holder else None,
            "last_status": str(self.last.status) if self.last else None,
            "last_started_at": self.last.started_at if self.last else None,
            "last_changed": self.last.changed if self.last else None,
        }


def standings(app: App) -> list[JobState]:
    """How things stand with every job."""
    lines = all_schedules(app.settings)
    with app.database.reading() as connection:
        return [
            JobState(
                job=job,
                schedule=lines[job.name],
                next_slot=next_slot(lines[job.name], app.clock()),
                holder=leases.find_holder(connection, job.name),
                last=runs.last_run(connection, job.name),
            )
            for job in all_jobs().values()
        ]


def run_row(run: Run) -> dict[str, object]:
    """A run with its columns' names."""
    return {
        "id": run.id,
        "job": run.job,
        "scheduled_for": run.scheduled_for,
        "started_by": run.started_by,
        "attempt": run.attempt,
        "host": run.host,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "status": str(run.status),
        "seen": run.seen,
        "changed": run.changed,
        "skipped": run.skipped,
        "failed": run.failed,
        "left": run.left,
        "error": run.error,
    }


def coming(
    settings: Settings, *, after: datetime, count: int, wait: Callable[[timedelta], str]
) -> list[dict[str, object]]:
    """The next slots of every job, soonest first; `wait` puts how far each is into words."""
    found: list[tuple[datetime, str]] = []
    for name, schedule in all_schedules(settings).items():
        slot = next_slot(schedule, after)
        for _ in range(count):
            if slot is not None:
                found.append((slot, name))
                slot = next_slot(schedule, slot)
    return [{"job": name, "slot": slot, "in": wait(slot - after)} for slot, name in sorted(found)]


def crontab_rows(settings: Settings, *, config: Path | None = None) -> list[dict[str, object]]:
    """One row for each job that has a schedule; the commands read the same file as this one."""
    place = f"--config {quote(str(config.absolute()))} " if config else ""
    place = place.replace("%", "\\%")  # cron takes a plain one for the end of the line
    return [
        {"job": name, "schedule": schedule.line, "command": _CRON_COMMAND.format(name, place)}
        for name, schedule in all_schedules(settings).items()
        if schedule is not None
    ]


def crontab_lines(rows: Sequence[dict[str, object]], *, config: Path | None = None) -> list[str]:
    """A crontab; `crontab.example` is this text."""
    width = max((len(str(row["schedule"])) for row in rows), default=0)
    return [
        "# savctl's jobs, made by: savctl job crontab",
        "# Each line runs a slot only if no host has run it, so several hosts may have these",
        "# lines, and a scheduler may run beside them. Times are UTC; a cron that does not know",
        "# CRON_TZ takes its host's zone, and then runs slots late, but each of them once.",
        "# What goes wrong is on stderr, which cron sends by mail.",
        "# For a user's own crontab (crontab -u savctl), which has no user field. Cron passes no",
        f"# environment on: the settings are read from {config or SYSTEM_FILE}.",
        "CRON_TZ=UTC",
        "PATH=/usr/local/bin:/usr/bin:/bin",
        *(f"{row['schedule']!s:<{width}}  {row['command']}" for row in rows),
    ]


def report_text(report: JobReport, *, items: int) -> str:
    """A report for people: the counts in one line, then the items worth a look."""
    done = report.done
    counts = ", ".join(f"{count} {name}" for name, count in done.counts().items())
    run = f"run {report.run_id}" if report.run_id is not None else "dry run"
    return "\n".join(
        section(
            f"{report.job} ({run}) {report.status}: {counts}",
            [
                *item_lines([item.as_json() for item in done.items[:items]], inside=1),
                *_hidden(report, items),
            ],
        )
        or title(f"{report.job} ({run}) {report.status}: {counts}")
    )


def _hidden(report: JobReport, shown: int) -> list[str]:
    """How many items are not shown, and what lists them."""
    done = report.done
    hidden = max(0, len(done.items) - shown) + done.omitted
    if not hidden:
        return []
    if not done.omitted:
        where = "-o json lists them"
    elif report.dry_run:
        where = "-o jsonl lists all"
    else:
        where = f"-o json lists the first {len(done.items):,}"
    return [f"… and {hidden:,} more: {where}"]


def exact_wait(span: timedelta) -> str:
    """A span to the second: `0:14:26`, `12 days, 3:00:00`."""
    return str(timedelta(seconds=int(span.total_seconds())))


def next_slot(schedule: Schedule | None, after: datetime) -> datetime | None:
    """The next slot behind a moment; None for a job that has no schedule."""
    return schedule.next_after(after) if schedule else None
