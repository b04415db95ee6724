"""The floors under what looks at every ticket: SQL by the driver alone, json.loads, dictionaries.

They know one policy and no merges, and take every time for one in UTC. What they find is the
same: entries of a history that are none are left out, contradictions are noticed, and what stands
in the metadata is compared with the ledger.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from benchmarks.sla._plain_database import Plain, Row, opened

PAGE = 1_000
COLUMNS = (
    "id, ticket_number, user_id, priority, status, assigned_to, metadata, "
    "created_at, updated_at, resolved_at, closed_at"
)
_CHAIN = {"created", "status", "imported"}
_STATUSES = {"open", "in_progress", "waiting_customer", "resolved", "closed"}
_ENDS = {"resolved", "closed"}
_TARGETS = {"low": (48, 168), "medium": (24, 72), "high": (4, 24), "urgent": (1, 4)}  # hours
_MINUTE = timedelta(minutes=1)


# Status, since when, by whom, and the status before.
Step = tuple[str, datetime, int | None, object]


class Late(NamedTuple):
    """A target that passed at `at`, in minutes what was promised and what it took."""

    side: str
    at: datetime
    expected: int
    actual: int


class Judged(NamedTuple):
    """A ticket, its new breaches, and when the next one can come; `is_odd` when what is written
    down contradicts itself."""

    row: Row
    metadata: dict[str, Any]
    late: list[Late]
    looks_at: datetime | None
    is_odd: bool


def naive(moment: object) -> datetime:
    """A time to the second, without its zone: here all are UTC."""
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=None)
    return datetime.fromisoformat(str(moment)[:19])


def volume(url: str, since: datetime, until: datetime) -> dict[str, Counter[str]]:
    """What came, went and came back by month, and what customers wrote."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    first, last = naive(since), naive(until)
    span = first.isoformat(" "), last.isoformat(" ")
    with opened(url) as plain:
        for page in pages(plain, "AND created_at < %s", span[1:]):
            for row in page:
                _count(counts, row, first, last)
        days = plain.rows(
            "SELECT date(created_at), COUNT(*) FROM ticket_messages WHERE sender_type = "
            "'customer' AND created_at >= %s AND created_at < %s GROUP BY date(created_at)",
            span,
        )
    for day, count in days:
        counts[str(day)[:7]]["customer_messages"] += count
    return dict(counts)


def _count(counts: dict[str, Counter[str]], row: Row, first: datetime, last: datetime) -> None:
    was_done = None
    for status, start, _, _ in _steps(row, json.loads(row[6])):
        is_done = status in _ENDS
        if first <= start < last:
            tally = counts[f"{start.year}-{start.month:02}"]
            if was_done is None:
                tally["created"] += 1
            if is_done:
                tally[status] += 1
                tally["backlog"] -= was_done is False
            elif was_done is not False:
                tally["backlog"] += 1
                tally["reopened"] += was_done is True
        was_done = is_done


def pages(plain: Plain, also: str = "", values: Sequence[object] = ()) -> Iterator[list[Row]]:
    """Every ticket, a thousand at a time."""
    last = 0
    while page := plain.rows(
        f"SELECT {COLUMNS} FROM support_tickets WHERE id > %s {also} ORDER BY id LIMIT {PAGE}",
        (last, *values),
    ):
        yield page
        last = page[-1][0]


def judged(plain: Plain, rows: Sequence[Row], now: datetime) -> Iterator[Judged]:
    """Each of these tickets with what is breached and not written down."""
    ids = ", ".join([str(row[0]) for row in rows])
    answers: dict[object, object] = dict(
        tuple(row)
        for row in plain.rows(
            f"SELECT ticket_id, MIN(created_at) FROM ticket_messages WHERE ticket_id IN ({ids}) "
            "AND sender_type = 'agent' AND is_internal = 0 GROUP BY ticket_id"
        )
    )
    known = set(
        plain.rows(f"SELECT ticket_id, side FROM savctl_sla_breaches WHERE ticket_id IN ({ids})")
    )
    for row in rows:
        yield _judge(row, answers.get(row[0]), known, now)


def _judge(row: Row, answer: object, known: set[Row], now: datetime) -> Judged:
    metadata = json.loads(row[6])
    steps = list(_steps(row, metadata))
    response, resolution = _TARGETS[metadata["sla"]["promise"]["priority"]]
    late: list[Late] = []
    looks: list[datetime] = []
    ended, spent, passed, runs = _clocks(row, steps, answer, timedelta(hours=resolution), now)
    due = naive(row[7]) + timedelta(hours=response)
    if (ended or now) > due and (row[0], "response") not in known:
        took = ((ended or now) - naive(row[7])) // _MINUTE
        late.append(Late("response", due, response * 60, took))
    elif ended is None:
        looks.append(due)
    if passed is not None and (row[0], "resolution") not in known:
        late.append(Late("resolution", passed, resolution * 60, spent // _MINUTE))
    elif passed is None and runs:
        looks.append(now + timedelta(hours=resolution) - spent)
    stored = {(row[0], one["type"]) for one in metadata["sla"]["breaches"]}
    ledger = {key for key in ((row[0], "response"), (row[0], "resolution")) if key in known}
    is_odd = stored != ledger or _contradicts_itself(row, steps)
    return Judged(row, metadata, late, min(looks, default=None), is_odd)


def _contradicts_itself(row: Row, steps: Sequence[Step]) -> bool:
    """Whether the history has a gap, runs backwards or ends in another status."""
    if not steps or steps[-1][0] != row[4]:
        return True
    return any(
        after[1] < before[1] or (after[3] is not None and after[3] != before[0])
        for before, after in pairwise(steps)
    )


def _clocks(
    row: Row, steps: Sequence[Step], answer: object, target: timedelta, now: datetime
) -> tuple[datetime | None, timedelta, datetime | None, bool]:
    """When it was answered; how long it was worked on, when that was too long; whether it is."""
    ended = naive(answer) if answer else None
    spent, passed, runs = timedelta(), None, False
    for place, (status, start, actor, _) in enumerate(steps):
        runs = status in {"open", "in_progress"}
        if runs:
            stretch = (steps[place + 1][1] if place + 1 < len(steps) else now) - start
            if passed is None and spent + stretch > target:
                passed = start + target - spent
            spent += stretch
        elif actor != row[2] and (ended is None or start < ended):
            ended = start
    return ended, spent, passed, runs


def _steps(row: Row, metadata: dict[str, Any]) -> Iterator[Step]:
    for entry in metadata["history"]:
        if not isinstance(entry, dict) or entry.get("action") not in _CHAIN:
            continue
        status, actor = entry.get("to"), entry.get("actor")
        if status in _STATUSES and (actor is None or isinstance(actor, int)):
            at = row[7] if entry["action"] == "created" else entry["at"]
            yield status, naive(at), actor, entry.get("from")
