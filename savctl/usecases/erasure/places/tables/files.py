"""Marks on their files."""

from __future__ import annotations

from savctl.persistence.schema.tables import files
from savctl.usecases.erasure.rows_of_tickets import RowsOfTickets


class FileMarks(RowsOfTickets):
    """Marks on their files."""

    name = "files"
    order = 51
    what = "marks on their files"
    holds = ("savctl_files.*",)
    table = files


PLACE = FileMarks()
