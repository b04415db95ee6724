"""The times of a ticket from another program's file, made to agree with its status.

In the night when clocks go back, a local time names two instants. The pair of readings that is
in order is taken; where several are, the first ones are, and it is remarked (rules 20).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise, product

from savctl.domain.clock import second_text
from savctl.domain.imports.row_fields import required
from savctl.domain.imports.timestamp_formats import Stamps
from savctl.domain.model.states import Status
from savctl.errors import InvalidInput

_STAMPS = ("created_at", "updated_at", "resolved_at", "closed_at")
_ENDED = (Status.RESOLVED, Status.CLOSED)

Moments = dict[str, datetime | None]


def times_of_now(status: Status, now: datetime) -> Moments:
    """Everything happened now."""
    return {
        "created_at": now,
        "updated_at": now,
        "resolved_at": now if status in _ENDED else None,
        "closed_at": now if status is Status.CLOSED else None,
    }


def kept_times(
    row: Mapping[str, object],
    status: Status,
    *,
    stamps: Stamps,
    now: datetime,
    remarks: list[str],
) -> Moments:
    """The times that the row gives, what is missing taken from the others.

    Raises:
        InvalidInput: a time cannot be read, is in the future, or is out of order.
    """
    read = {name: _readings(row, name, stamps, now) for name in _STAMPS}
    required(read["created_at"][0], "created_at")
    if status not in _ENDED:
        _leave_out(read, "resolved_at", status, remarks)
    if status is not Status.CLOSED:
        _leave_out(read, "closed_at", status, remarks)
    possible = list(_in_order(_every_choice(read), status))
    _remark_choices(row, possible, remarks)
    return _completed(possible[0], status)


def _readings(
    row: Mapping[str, object], name: str, stamps: Stamps, now: datetime
) -> Sequence[datetime | None]:
    """The instants that a field may mean, or only None."""
    if row.get(name) is None:
        return (None,)
    try:
        moments = stamps.readings(row[name])
    except InvalidInput as problem:
        raise InvalidInput(f"{name}: {problem.message}") from None
    if moments[0] > now:
        raise InvalidInput(f"{name} {second_text(moments[0])} is in the future")
    return tuple(moment for moment in moments if moment <= now)


def _leave_out(
    read: dict[str, Sequence[datetime | None]], name: str, status: Status, remarks: list[str]
) -> None:
    if read[name] != (None,):
        remarks.append(f"{name} left out: the ticket is {status}")
        read[name] = (None,)


def _every_choice(read: Mapping[str, Sequence[datetime | None]]) -> Iterator[Moments]:
    for chosen in product(*read.values()):
        yield dict(zip(read, chosen, strict=True))


def _in_order(choices: Iterator[Moments], status: Status) -> list[Moments]:
    """The choices whose times are in order; those first that need no later `updated_at`.

    Raises:
        InvalidInput: there is none; the message names the first one.
    """
    found: list[Moments] = []
    first_problem: InvalidInput | None = None
    for choice in choices:
        try:
            _require_order(_completed(choice, status))
            found.append(choice)
        except InvalidInput as problem:
            first_problem = first_problem or problem
    if first_problem is not None and not found:
        raise first_problem
    fitting = [
        choice
        for choice in found
        if choice["updated_at"] in {None, _completed(choice, status)["updated_at"]}
    ]
    return fitting or found


def _completed(read: Moments, status: Status) -> Moments:
    created, resolved, closed = read["created_at"], read["resolved_at"], read["closed_at"]
    updated = read["updated_at"] or closed or resolved or created
    if status is Status.RESOLVED:
        resolved = resolved or updated
    if status is Status.CLOSED:
        closed = closed or updated
    known = [moment for moment in (updated, created, resolved, closed) if moment is not None]
    return {
        "created_at": created,
        "resolved_at": resolved,
        "closed_at": closed,
        "updated_at": max(known),
    }


def _require_order(times: Moments) -> None:
    ordered = [(name, times[name]) for name in ("created_at", "resolved_at", "closed_at")]
    known = [(name, moment) for name, moment in ordered if moment is not None]
    for (earlier, before), (later, after) in pairwise(known):
        if after < before:
            raise InvalidInput(
                f"{later} {second_text(after)} is before {earlier} {second_text(before)}"
            )


def _remark_choices(
    row: Mapping[str, object], possible: Sequence[Moments], remarks: list[str]
) -> None:
    for name in _STAMPS:
        if len({choice[name] for choice in possible}) > 1:
            taken = second_text(possible[0][name])
            remarks.append(
                f"{name} {row[name]} is in a repeated hour; the first one is taken: {taken}"
            )
