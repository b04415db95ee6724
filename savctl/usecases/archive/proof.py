"""The archive takes only what it can bring back exactly (rules 20.10)."""

from __future__ import annotations

from collections.abc import Sequence

from savctl.domain.clock import FAR_AWAY
from savctl.domain.model.history import Action, HistoryEntry
from savctl.persistence.archive.restorable import needs_trial, require_insertable, try_out
from savctl.persistence.archive.snapshot_columns import Columns
from savctl.persistence.archive.ticket_snapshot import TicketSnapshot
from savctl.persistence.engine import Database
from savctl.persistence.unit_of_work import in_transaction
from savctl.usecases.archive.lines import whole_of
from savctl.usecases.archive.restore import with_entry

_ENTRY = HistoryEntry(at=FAR_AWAY, actor=None, action=Action.RESTORED)


def require_restorable(
    database: Database, columns: Columns, lines: Sequence[tuple[TicketSnapshot, bytes]]
) -> None:
    """Pass when each of these tickets would come back from its line as it is.

    Where the rows alone do not decide, it is tried in a transaction that is rolled back.

    Raises:
        NotFaithful: one of them would not; for a single ticket with the reason.
        InvalidInput: the database refuses a row.
    """
    for whole, _ in lines:
        require_insertable(whole)
    doubtful = [
        with_entry(whole_of(line), _ENTRY) for whole, line in lines if needs_trial(columns, whole)
    ]
    if doubtful:
        in_transaction(
            database, lambda uow: try_out(uow.connection, columns, doubtful), dry_run=True
        )
