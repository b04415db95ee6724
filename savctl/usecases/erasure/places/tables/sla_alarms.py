"""When the SLA scan looks at their tickets; at anonymised ones it still does."""

from __future__ import annotations

from savctl.persistence.schema.tables import sla_alarms
from savctl.usecases.erasure.rows_of_tickets import RowsOfTickets


class ScheduledLooks(RowsOfTickets):
    """When the SLA scan looks at their tickets; at anonymised ones it still does."""

    name = "sla_alarms"
    order = 53
    what = "when the SLA scan looks at their tickets"
    holds = ("savctl_sla_alarms.*",)
    table = sla_alarms
    with_anonymised = False


PLACE = ScheduledLooks()
