"""Broken promises on their tickets; those of an anonymised ticket stay."""

from __future__ import annotations

from savctl.persistence.schema.tables import sla_breaches
from savctl.usecases.erasure.rows_of_tickets import RowsOfTickets


class BrokenPromises(RowsOfTickets):
    """Broken promises on their tickets; those of an anonymised ticket stay."""

    name = "sla_breaches"
    order = 52
    what = "broken promises on their tickets"
    holds = ("savctl_sla_breaches.*",)
    table = sla_breaches
    with_anonymised = False


PLACE = BrokenPromises()
