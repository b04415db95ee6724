"""What metrics are read from, and their text (rules 18.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from savctl.bootstrap import App
from savctl.domain.metrics.families import MetricSample
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
        folder=Path(url.removeprefix(_FOLDER)) if url.startswith(_FOLDER) else None,
    )


def due_since(app: App) -> Mapping[str, datetime]:
    """The oldest slot of each job that nobody has begun yet."""
    from savctl.scheduling.plan import all_schedules, due_slots

    schedules = all_schedules(app.settings)
    found = {
        name: due_slots(job, app, schedules[name], remember=False)
        for name, job in all_jobs().items()
    }
    return {name: slots[0] for name, slots in found.items() if slots}


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
