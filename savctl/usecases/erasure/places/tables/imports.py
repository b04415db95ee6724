"""The other program's numbers of their tickets."""

from __future__ import annotations

from savctl.persistence.schema.tables import imports
from savctl.usecases.erasure.rows_of_tickets import RowsOfTickets


class ImportedNumbers(RowsOfTickets):
    """The other program's numbers of their tickets."""

    name = "imports"
    order = 50
    what = "the other program's numbers of their tickets"
    holds = ("savctl_imports.*",)
    table = imports


PLACE = ImportedNumbers()
