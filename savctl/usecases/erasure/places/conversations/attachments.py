"""Attachment records on their tickets: they go with `tickets`, their objects after them."""

from __future__ import annotations

from savctl.persistence.privacy.erasure import hot_tickets
from savctl.usecases.erasure.place import ErasureWork, Place, Search


class AttachmentRecords(Place):
    """Counted here, removed in the transaction of their ticket."""

    name = "attachments"
    order = 12
    what = "records of files on their tickets"
    holds = ("ticket_attachments.*",)

    def find(self, search: Search) -> int:
        """Those on tickets that may go."""
        with search.database.reading() as connection:
            return hot_tickets.count_hanging(connection, search.scope)[1]

    def erase(self, work: ErasureWork) -> None:
        """Nothing: see `tickets`."""


PLACE = AttachmentRecords()
