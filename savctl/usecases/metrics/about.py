"""savctl itself: up, build, schema, clock, how old the figures are."""

from __future__ import annotations

from collections.abc import Iterator

from savctl import __version__
from savctl.commit import commit
from savctl.domain.metrics.families import MetricSample, gauge
from savctl.persistence.clock_guard import ClockGuard
from savctl.persistence.schema import versions
from savctl.usecases.metrics.subject import MetricSubject, Scrape

UP = gauge("savctl_up", "1 when the database answers, else 0.", "a query")
_BUILD = gauge(
    "savctl_build_info",
    "The savctl that answers; always 1.",
    "the installed package",
    *("version", "commit"),
)
_REVISION = gauge(
    "savctl_schema_revision_info",
    "The revision of the database's schema; always 1.",
    "savctl_alembic_version",
    "revision",
)
_SKEW = gauge(
    "savctl_clock_skew_seconds",
    "How far the clock of this host is ahead of the database's, round trip left out.",
    "the clocks of host and database; 0 on SQLite",
    unit="seconds",
)
_AGE = gauge(
    "savctl_figure_age_seconds",
    "How long ago a job counted this group of figures.",
    "savctl_figures",
    "figure",
    unit="seconds",
)


def _read(scrape: Scrape) -> Iterator[MetricSample]:
    yield UP.sample(1)
    yield _BUILD.sample(1, __version__, commit() or "unknown")
    revision = versions.version(scrape.connection)
    yield _REVISION.sample(1, revision or "none")
    places = scrape.places
    guard = ClockGuard(host_clock=places.host_clock, database=places.database.name)
    is_sqlite = places.database.is_sqlite
    skew = 0.0 if is_sqlite else guard.skew(scrape.connection).total_seconds()
    yield _SKEW.sample(skew)


def _read_ages(scrape: Scrape) -> Iterator[MetricSample]:
    for name, figure in sorted(scrape.figures.items()):
        yield _AGE.sample(max(0.0, (scrape.now - figure.made_at).total_seconds()), name)


ABOUT = MetricSubject(
    name="savctl", families=(UP, _BUILD, _REVISION, _SKEW), read=_read, needs_schema=False
)
FIGURE_AGES = MetricSubject(name="figures", families=(_AGE,), read=_read_ages)
