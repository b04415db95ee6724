"""The append-only audit (rules 1.3): ids, actions and reasons, never message text or names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from savctl.domain.access.file_access import FileNote
from savctl.domain.model.history import HistoryEntry
from savctl.domain.model.json_text import encode
from savctl.domain.model.metadata import entry_text
from savctl.persistence.alike import insert_for_tickets
from savctl.persistence.bulk import insert_rows, long_text
from savctl.persistence.noted_tickets import note_changed
from savctl.persistence.schema.tables import audit
from savctl.persistence.types import time_text

_COLUMNS = ("at", "actor", "action", "ticket_id", "run_id", "entry")
# From so many alike on, one statement with the ids of their tickets costs less than their rows.
_MANY = 20


class Audited(NamedTuple):
    """A history entry with the ticket it belongs to."""

    ticket_id: int
    entry: HistoryEntry


class Audit:
    """The audit entries of one transaction; a job's entries name their run."""

    def __init__(self, connection: Connection, *, run_id: int | None = None) -> None:
        self._connection = connection
        self._run_id = run_id

    def append(self, entries: Iterable[Audited]) -> None:
        """Write history entries a second time, where no other program rewrites them."""
        items = list(entries)
        note_changed(self._connection, [item.ticket_id for item in items])
        rows = [self._row(item.entry, item.ticket_id) for item in items]
        insert_rows(self._connection, audit, _COLUMNS, rows)

    def append_to_locked(self, entries: Iterable[Audited]) -> None:
        """The same for tickets that are locked by this transaction.

        Most tickets of a batch have entries that are alike but for the ticket: they are bound
        once. The entries of a ticket stay beside each other (`operation_log.py`).
        """
        by_ticket: dict[int, list[HistoryEntry]] = {}
        for ticket_id, entry in entries:
            by_ticket.setdefault(ticket_id, []).append(entry)
        note_changed(self._connection, by_ticket)
        alike: dict[tuple[str, ...], list[int]] = {}  # by the texts: 1 and True are two
        for ticket_id, its in by_ticket.items():
            alike.setdefault(tuple(map(entry_text, its)), []).append(ticket_id)
        single: list[tuple[Any, ...]] = []
        for texts, ids in alike.items():
            if len(ids) < _MANY:
                single += [self._row(entry, one) for one in ids for entry in by_ticket[one]]
                continue
            rows = [
                (*self._row(entry, None)[:-1], text)
                for entry, text in zip(by_ticket[ids[0]], texts, strict=True)
            ]
            insert_for_tickets(self._connection, audit, _COLUMNS, rows, ids)
        insert_rows(self._connection, audit, _COLUMNS, single)

    def note(
        self,
        action: str,
        *,
        actor: int | None,
        at: datetime,
        details: Mapping[str, object],
        ticket_id: int | None = None,
    ) -> None:
        """Write down what is no history of a ticket: an import, an export, a repair, a refusal."""
        about = (ticket_id, self._run_id, encode(dict(details)))
        row = (time_text(at, fsp=6), actor, action, *about)
        insert_rows(self._connection, audit, _COLUMNS, [row])

    def files(self, notes: Iterable[FileNote], *, actor: int | None, at: datetime) -> None:
        """Write down what happened to files, or who had access to them."""
        moment = time_text(at, fsp=6)
        rows = [
            (moment, actor, str(n.action), n.ticket_id, self._run_id, encode(n.as_json()))
            for n in notes
        ]
        insert_rows(self._connection, audit, _COLUMNS, rows)

    def _row(self, entry: HistoryEntry, ticket_id: int | None) -> tuple[Any, ...]:
        return (
            time_text(entry.at, fsp=6),
            entry.actor,
            str(entry.action),
            ticket_id,
            self._run_id,
            long_text(self._connection, entry_text(entry)),
        )
