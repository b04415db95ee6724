"""Jobs count the figures that a scrape only reads (rules 18.1)."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from savctl.errors import SavError
from savctl.persistence.metrics.figures import find_figure_times, keep_figure
from savctl.usecases.metrics.catalogue import FIGURES
from savctl.usecases.metrics.figures import Figure
from savctl.usecases.metrics.subject import MetricPlaces

_log = logging.getLogger("savctl.metrics")
_PAUSE = 20  # at least so many times as long as counting took: at most 5 % of the time


def refresh_figures(job: str, places: MetricPlaces) -> None:
    """Count the figures of a job again that are old enough.

    It never fails: what cannot be counted stays as old as it is, and its age shows that.
    """
    mine = [figure for figure in FIGURES if figure.job == job]
    if not mine:
        return
    try:
        with places.database.reading() as connection:
            times = find_figure_times(connection)
        for figure in mine:
            if _is_old(figure, times.get(figure.name), places.clock()):
                _refresh(figure, places)
    except SavError as problem:
        _log.debug("No figures: %s", problem.message, extra={"event": "figures_not_counted"})
    except Exception:
        _log.exception("Figures cannot be counted.", extra={"event": "figures_failed"})


def _is_old(figure: Figure, last: tuple[datetime, int] | None, now: datetime) -> bool:
    """A time in the future is a wrong clock's, and counts as old."""
    if last is None:
        return True
    made_at, took_ms = last
    pause = max(figure.every, _PAUSE * timedelta(milliseconds=took_ms))
    return not timedelta() <= now - made_at < pause


def _refresh(figure: Figure, places: MetricPlaces) -> None:
    now, began = places.clock(), time.monotonic()
    rows = [
        (sample.family.name, tuple(sample.labels), sample.value) for sample in figure.count(places)
    ]
    took_ms = round((time.monotonic() - began) * 1000)
    places.database.transaction(
        lambda c: keep_figure(c, figure.name, rows, at=now, took_ms=took_ms)
    )
