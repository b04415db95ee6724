"""How new what is known of each user and order is: `savctl_sync_state` (rules 14.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection

from savctl.persistence.schema.tables import sync_state
from savctl.persistence.sql import placeholder
from savctl.persistence.sync.inbox import insert_if_absent
from savctl.persistence.types import UtcDateTime, time_text

_TIME = UtcDateTime(6)


class SyncKind(StrEnum):
    """What a state is about."""

    USER = "user"
    ORDER = "order"


class Subject(NamedTuple):
    """One user or one order."""

    kind: SyncKind
    id: int


@dataclass(frozen=True, slots=True)
class SyncState:
    """The newest time that counted, None where none did; whether the user is deleted."""

    as_of: datetime | None = None
    is_deleted: bool = False

    def is_older_than(self, moment: datetime) -> bool:
        """Whether a message of this time counts: only a newer one does."""
        return self.as_of is None or self.as_of < moment


class SyncStates:
    """The states of one transaction, users and orders together: each statement is a journey."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, subjects: Iterable[Subject], *, at: datetime) -> dict[Subject, SyncState]:
        """Their states, locked in one order; new ones are made."""
        names = sorted({(str(one.kind), str(one.id)) for one in subjects})
        if not names:
            return {}
        moment = time_text(at, fsp=6)
        columns = ("kind", "subject", "changed_at")
        rows = [(*name, moment) for name in names]
        insert_if_absent(self._connection, sync_state.name, columns, rows)
        condition, values = self._among(names)
        locks = "" if self._connection.dialect.name == "sqlite" else " FOR UPDATE"
        query = (
            f"SELECT kind, subject, as_of, is_deleted FROM savctl_sync_state "  # noqa: S608
            f"WHERE {condition}{locks}"
        )
        found = self._connection.exec_driver_sql(query, values)
        return {
            Subject(SyncKind(row[0]), int(row[1])): SyncState(self._instant(row[2]), bool(row[3]))
            for row in found
        }

    def save(self, states: Mapping[Subject, SyncState], *, at: datetime) -> None:
        """Write locked states back, with one statement."""
        if not states:
            return
        mark = placeholder(self._connection)
        arms = f"CASE {f'WHEN kind = {mark} AND subject = {mark} THEN {mark} ' * len(states)}END"
        condition, among = self._among([(str(one.kind), str(one.id)) for one in states])
        statement = (
            f"UPDATE savctl_sync_state SET as_of = {arms}, is_deleted = {arms}, "  # noqa: S608
            f"changed_at = {mark} WHERE {condition}"
        )
        values: list[Any] = []
        for one, state in states.items():
            as_of = time_text(state.as_of, fsp=6) if state.as_of is not None else None
            values += (str(one.kind), str(one.id), as_of)
        for one, state in states.items():
            values += (str(one.kind), str(one.id), int(state.is_deleted))
        values += (time_text(at, fsp=6), *among)
        self._connection.exec_driver_sql(statement, tuple(values))

    def _among(self, names: Sequence[tuple[str, str]]) -> tuple[str, tuple[str, ...]]:
        """The condition that a row is one of these; a list of pairs would not use the index."""
        mark = placeholder(self._connection)
        parts: list[str] = []
        values: list[str] = []
        for kind in SyncKind:
            subjects = [subject for name, subject in names if name == str(kind)]
            if subjects:
                parts.append(
                    f"(kind = {mark} AND subject IN ({', '.join([mark] * len(subjects))}))"
                )
                values += (str(kind), *subjects)
        return " OR ".join(parts), tuple(values)

    def _instant(self, stored: Any) -> datetime | None:
        return _TIME.process_result_value(stored, self._connection.dialect)
