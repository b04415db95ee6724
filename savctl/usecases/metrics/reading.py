"""One scrape: every subject read over one connection (rules 18.1)."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from savctl.domain.metrics.families import MetricSample
from savctl.errors import SavError
from savctl.persistence.metrics.desk import at_least_as_many_tickets
from savctl.persistence.metrics.figures import read_figures
from savctl.persistence.metrics.totals import read_totals
from savctl.persistence.schema import versions
from savctl.usecases.metrics.catalogue import SUBJECTS
from savctl.usecases.metrics.subject import MetricPlaces, MetricSubject, Scrape

_log = logging.getLogger("savctl.metrics")


def read_metrics(places: MetricPlaces) -> list[MetricSample]:
    """Every sample there is now; on another schema revision only what needs no table of ours.

    Raises:
        Unavailable: the database does not answer.
    """
    with places.database.reading() as connection:
        is_current = versions.version(connection) == versions.HEAD
        scrape = Scrape(
            places=places,
            connection=connection,
            now=places.clock(),
            totals=read_totals(connection) if is_current else {},
            figures=read_figures(connection) if is_current else {},
            tickets=at_least_as_many_tickets(connection) if is_current else 0,
        )
        return [
            sample
            for subject in SUBJECTS
            if is_current or not subject.needs_schema
            for sample in _read(subject, scrape)
        ]


def _read(subject: MetricSubject, scrape: Scrape) -> Iterator[MetricSample]:
    """A subject that trips over an odd row costs its own samples, not everybody's."""
    try:
        yield from list(subject.read(scrape))
    except SavError:
        raise
    except Exception:
        _log.exception(
            "The metrics of %s cannot be read.", subject.name, extra={"event": "metrics_failed"}
        )
