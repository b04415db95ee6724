"""What metrics are read from, and their text (rules 18.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from savctl.bootstrap import App
from savctl.config import Settings
from savctl.domain.metrics.families import MetricSample
from savctl.persistence.backups.records import BackupKind
from savctl.persistence.jobs import leases, runs, schedules
from savctl.persistence.schema import server_info
from savctl.scheduling.job import all_jobs
from savctl.usecases.metrics.subject import MetricPlaces

_FOLDER = "file://"


def metric_places(app: App) -> MetricPlaces:
    """The places of this installation; nothing is contacted yet."""
    settings = app.settings
    url = settings.storage_url
    return MetricPlaces(
        database=app.raw_database,
        clock=app.clock,
        host_clock=app.host_clock,
        policies=lambda: app.policies(store=False),
        jobs=tuple(all_jobs()),
        due=lambda: due_since(app),
        queue_names=(settings.sync_users_queue, settings.sync_orders_queue),
        queues=lambda: app.queues,
        has_broker=settings.broker_url is not None,
        folder=Path(url.removeprefix(_FOLDER)) if url.startswith(_FOLDER) else None,
        backup_kinds=_backup_kinds(settings, is_sqlite=app.raw_database.is_sqlite),
    )


def due_since(app: App) -> Mapping[str, datetime]:
    """The first slot of each job that nobody has begun, as `top` shows it.

    A job that is running is left out: its run makes up for the slots that pass meanwhile.
    """
    from savctl.scheduling.plan import all_schedules, first_missed

    lines = all_schedules(app.settings)
    with app.database.reading() as connection:
        database_now = server_info.now(connection)
        known = schedules.known_jobs(connection)
        running = {name for name, one in leases.held(connection) if one.seconds_left > 0}
        idle = sorted(all_jobs().keys() - running)
        slots = runs.last_slots(connection, idle, up_to=database_now)
    now = min(app.clock(), database_now)
    found = {
        name: first_missed(
            *(all_jobs()[name], lines[name], slots.get(name), known.get(name)),
            now=now,
            settings=app.settings,
        )
        for name in idle
    }
    return {name: since for name, since in found.items() if since is not None}


def _backup_kinds(settings: Settings, *, is_sqlite: bool) -> Sequence[str]:
    """The kinds of backups that the settings ask for."""
    wanted = {
        BackupKind.DUMP: settings.backup_url is not None,
        BackupKind.BINLOG: settings.backup_url is not None and not is_sqlite,
        BackupKind.MIRROR: settings.mirror_url is not None,
    }
    return [str(kind) for kind, is_wanted in wanted.items() if is_wanted]


def metrics_text(samples: list[MetricSample]) -> str:
    """Prometheus text of these samples."""
    from savctl.adapters.exposition import exposition
    from savctl.usecases.metrics.catalogue import families

    return exposition(families(), samples)


def away_text() -> str:
    """The text while the database does not answer: `savctl_up 0` and nothing else."""
    from savctl.adapters.exposition import exposition
    from savctl.usecases.metrics.about import UP

    return exposition((UP,), (UP.sample(0),))
