"""All subjects, in the order in which they are shown."""

from __future__ import annotations

from savctl.domain.metrics.families import MetricFamily
from savctl.usecases.metrics.about import ABOUT, FIGURE_AGES
from savctl.usecases.metrics.access import ACCESS
from savctl.usecases.metrics.backups import BACKUPS
from savctl.usecases.metrics.erasures import ERASURES_OPEN
from savctl.usecases.metrics.events import EVENTS
from savctl.usecases.metrics.figures import Figure
from savctl.usecases.metrics.files import FILES
from savctl.usecases.metrics.indexes import INDEXES
from savctl.usecases.metrics.jobs import JOBS
from savctl.usecases.metrics.server import SERVER
from savctl.usecases.metrics.sla import KEPT_PROMISES, RUNNING_CLOCKS, SLA
from savctl.usecases.metrics.subject import MetricSubject
from savctl.usecases.metrics.sync import QUEUE_LAG, SYNC
from savctl.usecases.metrics.tables import TABLE_SIZES
from savctl.usecases.metrics.tickets import TICKET_COUNTS, TICKETS

FIGURES: tuple[Figure, ...] = (
    TICKET_COUNTS,
    RUNNING_CLOCKS,
    KEPT_PROMISES,
    TABLE_SIZES,
    INDEXES,
    QUEUE_LAG,
)
SUBJECTS: tuple[MetricSubject, ...] = (
    ABOUT,
    TICKET_COUNTS.subject(),
    TICKETS,
    RUNNING_CLOCKS.subject(),
    SLA,
    KEPT_PROMISES.subject(),
    JOBS,
    EVENTS,
    SERVER,
    TABLE_SIZES.subject(),
    INDEXES.subject(),
    FILES,
    BACKUPS,
    ERASURES_OPEN,
    SYNC,
    QUEUE_LAG.subject(),
    ACCESS,
    FIGURE_AGES,
)


def families() -> tuple[MetricFamily, ...]:
    """Every family, in order."""
    return tuple(family for subject in SUBJECTS for family in subject.families)
