"""The commands that they ran with a token within the last minute."""

from __future__ import annotations

from savctl.persistence.schema.tables import rate_limits
from savctl.usecases.erasure.rows_of_person import RowsOfPerson


class RateWindow(RowsOfPerson):
    """One row."""

    name = "rate_limits"
    order = 61
    what = "when they ran commands with a token"
    holds = ("savctl_rate_limits.*",)
    table = rate_limits


PLACE = RateWindow()
