"""An event log becomes events in the order of time, and new tickets where a case comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from savctl.domain.imports.field_mapping import FieldBinding
from savctl.domain.imports.imported_ticket import external_id_of
from savctl.domain.imports.mapping import Mapped
from savctl.domain.imports.replay_plan import LogEvent, ReplayPlan
from savctl.domain.imports.row_fields import (
    choice,
    identifier,
    optional_line,
    required,
    text_field,
)
from savctl.domain.model.priority import Priority
from savctl.errors import InvalidInput
from savctl.usecases.imports.records import Record
from savctl.usecases.imports.rows import Rows
from savctl.usecases.replay.time_order import Keyed, in_time_order, instant_of, keyed
from savctl.usecases.tickets.creation import NewTicket

OnReject = Callable[[int, str], None]


class LogReader:
    """Reads one log by its mapping.

    `on_reject` gets the line of every row that is not an event, and why.

    Raises:
        MappingError: the columns do not fit the mapping.
    """

    def __init__(self, rows: Rows, mapped: Mapped, how: ReplayPlan, on_reject: OnReject) -> None:
        case = how.sources.get("case") or mapped.fields.get("external_id")
        if case is None:
            raise InvalidInput("mapping: replay.case or fields.external_id must name the case")
        self._rows = rows
        self._how = how
        self._stamps = mapped.stamps
        self._on_reject = on_reject
        timing = {"at": how.at, "what": how.what}
        timing |= {_tie(number): one for number, one in enumerate(how.order)}
        self._timing = FieldBinding(timing, rows.header, mapped.nulls)
        fields = {**how.sources, "case": case, "what": timing["what"]}
        if "priority" in mapped.fields:
            fields["priority"] = mapped.fields["priority"]
        self._event = FieldBinding(fields, rows.header, mapped.nulls)
        self._ticket = FieldBinding(mapped.fields, rows.header, mapped.nulls)
        self._extra = FieldBinding(mapped.metadata, rows.header, mapped.nulls)

    def events(self) -> Iterator[LogEvent]:
        """The events, oldest first; those of one instant in the order of the file."""
        for row in in_time_order(self._timed()):
            try:
                yield self._event_of(row)
            except InvalidInput as problem:
                self._on_reject(row[2], problem.message)

    def new_ticket(self, event: LogEvent) -> NewTicket:
        """The ticket of a case that comes first with this event.

        Raises:
            InvalidInput: the row does not hold what a ticket needs.
        """
        row = self._ticket.fields(event.row)
        extra = self._extra.fields(event.row)
        return NewTicket(
            user_id=required(identifier(row, "user_id"), "user_id"),
            subject=text_field(row, "subject"),
            description=text_field(row, "description"),
            priority=event.priority,
            category=optional_line(row, "category"),
            order_id=identifier(row, "order_id"),
            meta={name: value for name, value in extra.items() if value is not None},
        )

    def _timed(self) -> Iterator[Keyed]:
        for record in self._rows.records:
            try:
                yield self._timed_row(record)
            except InvalidInput as problem:
                self._on_reject(record.line, problem.message)

    def _timed_row(self, record: Record) -> Keyed:
        if record.problem is not None:
            raise InvalidInput(record.problem)
        row = self._timing.fields(record.values)
        at = self._stamps.read(required(row["at"], self._how.at.label))
        return keyed(record, at, [_number(row, _tie(n)) for n in range(len(self._how.order))])

    def _event_of(self, row: Keyed) -> LogEvent:
        _, _, line, values = row
        fields = self._event.fields(values)
        case = required(external_id_of(fields["case"]), "case")
        return LogEvent(
            line=line,
            at=instant_of(row),
            case=case,
            deed=self._deed(fields),
            actor=identifier(fields, "actor"),
            agent=identifier(fields, "agent"),
            priority=choice(fields, "priority", Priority, None),
            message=text_field(fields, "message"),
            row=values,
        )

    def _deed(self, fields: dict[str, object]) -> Any:
        what = text_field(fields, "what")
        if what not in self._how.means:
            raise InvalidInput(f"{self._how.what.label} {what!r} means nothing to this mapping")
        return self._how.means[what]


def _tie(number: int) -> str:
    return f"order {number}"


def _number(row: dict[str, object], name: str) -> float:
    try:
        return float(str(row[name]))
    except ValueError:
        return 0.0
