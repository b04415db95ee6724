"""The plan of a bulk command: a row a ticket, kept in a file without a name while it is used."""

from __future__ import annotations

import json
import os
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import IO, Any, NamedTuple, cast

from savctl.domain.bulk.steps import BulkStep, step_from
from savctl.errors import InvalidInput, Refused
from savctl.persistence.engine import OpenConnection
from savctl.usecases.batch.report import Item, ItemOutcome

_IN_MEMORY_BYTES = 8 * 1024 * 1024
_SHOWN = 10
_ROWS_A_LINE = 1_000  # in the file without a name: many at a time take less time to spell
_OUTCOMES = {str(outcome): outcome for outcome in ItemOutcome}


class PlanRefused(Refused):
    """The plan was edited, cut short, or belongs to another database."""

    code = "plan_refused"


class PlanRow(NamedTuple):
    """One ticket of a plan, and what would become of it.

    `guard` is what must still hold; None where a reference named no ticket, and `id` too. `steps`
    are those of this row alone. A named tuple, because a plan makes a million of them.
    """

    id: int | None
    ticket_number: str | None
    guard: Mapping[str, object] | None
    outcome: ItemOutcome
    reason: str | None = None
    steps: Sequence[BulkStep] = ()

    def as_json(self) -> dict[str, object]:
        """The row as the plan's file has it."""
        row: dict[str, object] = {
            "id": self.id,
            "ticket_number": self.ticket_number,
            "guard": self.guard,
            "outcome": str(self.outcome),
            "reason": self.reason,
        }
        if self.steps:
            row["steps"] = [step.as_json() for step in self.steps]
        return row

    def as_item(self) -> Item:
        """The row as an answer shows it."""
        return Item(cast("int", self.id), self.ticket_number, self.outcome, self.reason)


_STEPS = PlanRow._fields.index("steps")


@dataclass(slots=True)
class PlanSummary:
    """What a person is asked about: how many, of which statuses and priorities, the first ten."""

    rows: int = 0
    outcomes: Counter[ItemOutcome] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    priorities: Counter[str] = field(default_factory=Counter)
    first: list[str] = field(default_factory=list)

    @property
    def changes(self) -> int:
        """How many tickets would be changed."""
        return self.outcomes[ItemOutcome.CHANGED]

    def add(self, row: PlanRow) -> None:
        """Count a row."""
        self.rows += 1
        self.outcomes[row.outcome] += 1
        if row.outcome is not ItemOutcome.CHANGED or row.guard is None:
            return
        self.statuses[str(row.guard.get("status"))] += 1
        self.priorities[str(row.guard.get("priority"))] += 1
        if len(self.first) < _SHOWN:
            self.first.append(str(row.ticket_number))


class Plan:
    """The rows of a plan in their order; a million of them take no memory."""

    def __init__(self) -> None:
        self._file: IO[bytes] = cast(
            "IO[bytes]",
            tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES),  # noqa: SIM115 - gone with the plan
        )
        weakref.finalize(self, self._file.close)
        self._waiting: list[tuple[object, ...]] = []
        self.summary = PlanSummary()

    def add(self, row: PlanRow) -> None:
        """Append a row."""
        steps = [step.as_json() for step in row.steps]
        self._waiting.append((*row[:_STEPS], steps))
        self.summary.add(row)
        if len(self._waiting) == _ROWS_A_LINE:
            self._keep()

    def rows(self) -> Iterator[PlanRow]:
        """Every row, from the first on; a plan is read by one reader at a time."""
        self._keep()
        self._file.seek(0)
        return chain.from_iterable(map(_rows_kept, self._file))

    def _keep(self) -> None:
        """Put the rows that wait into the file, behind the others."""
        if self._waiting:
            self._file.seek(0, os.SEEK_END)
            self._file.write(json.dumps(self._waiting).encode() + b"\n")
            self._waiting.clear()


class PlanPages:
    """A plan's tickets a page at a time; `current` are the rows of the page read last."""

    def __init__(self, plan: Plan) -> None:
        self._rows = (row for row in plan.rows() if row.id is not None)
        self.current: dict[int, PlanRow] = {}

    def page(self, connection: OpenConnection, *, after_id: int, limit: int) -> list[int]:
        """The next ids; the database is not asked."""
        self.current = {}
        for row in self._rows:
            self.current[cast("int", row.id)] = row
            if len(self.current) == limit:
                break
        return list(self.current)


def _rows_kept(line: bytes) -> Iterator[PlanRow]:
    for *columns, outcome, reason, steps in json.loads(line):
        own = tuple([step_from(step) for step in steps])
        yield PlanRow._make((*columns, _OUTCOMES[outcome], reason, own))


def row_of(value: Mapping[str, Any]) -> PlanRow:
    """The row that a line of a plan's file holds.

    Raises:
        PlanRefused: it holds none.
    """
    try:
        return PlanRow(
            _id(value["id"]),
            _text(value["ticket_number"]),
            _guard(value["guard"]),
            ItemOutcome(value["outcome"]),
            _text(value["reason"]),
            tuple([step_from(step) for step in value.get("steps", ())]),
        )
    except (ValueError, KeyError, TypeError, InvalidInput):
        raise PlanRefused("the plan has an invalid line") from None


def _id(value: object) -> int | None:
    if value is None or (isinstance(value, int) and value > 0):
        return value
    raise ValueError


def _guard(value: object) -> Mapping[str, object] | None:
    if value is None or isinstance(value, dict):
        return value
    raise ValueError


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise ValueError
