"""What it counts as that a ticket enters a status, in every report of volume."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from savctl.domain.model.states import Status

DONE = frozenset({Status.RESOLVED, Status.CLOSED})


def _steps(was_done: bool | None, status: Status) -> Iterator[str]:
    """The names of what is counted; `was_done` is None at the ticket's beginning."""
    is_done = status in DONE
    if was_done is None:
        yield "created"
    if is_done:
        yield str(status)
        if was_done is False:
            yield "out"
    elif was_done is not False:
        yield "in"
        if was_done:
            yield "reopened"


# By whether the ticket was done before, and the status that it enters: `in` and `out` are those
# of the backlog.
STEPS: Mapping[tuple[bool | None, Status], tuple[str, ...]] = {
    (was_done, status): tuple(_steps(was_done, status))
    for was_done in (None, False, True)
    for status in Status
}
