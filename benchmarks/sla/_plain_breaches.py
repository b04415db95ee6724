"""The floors under what writes breaches down: the same rows with the same statements.

In the same batches: rows locked and judged again, then tickets, audit, events, ledger, alarms.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from benchmarks.sla._plain_database import Plain, Row, opened
from benchmarks.sla._plain_sla import COLUMNS, PAGE, Judged, Late, judged, naive, pages

_ARMS = 100
_LEVELS = ("low", "medium", "high", "urgent")
_AUDIT = "at, actor, action, ticket_id, run_id, entry"
_OUTBOX = "event_id, event, routing_key, ticket_id, envelope, occurred_at"
_LEDGER = (
    "ticket_id, side, at, found_at, priority, expected_minutes, actual_minutes, raised_to, run_id"
)
_ALARMS = "ticket_id, looks_at, row_updated_at"
_RUN = 1


@dataclass(slots=True)
class _Rows:
    """What one transaction writes."""

    now: datetime
    tickets: list[Row] = field(default_factory=list)  # id, metadata, priority, updated_at
    audit: list[Row] = field(default_factory=list)
    outbox: list[Row] = field(default_factory=list)
    ledger: list[Row] = field(default_factory=list)
    alarms: list[Row] = field(default_factory=list)


def audit(url: str, now: datetime) -> int:
    """Find in every ticket what no scan saw, and write it down; how many tickets it was."""
    missed: list[int] = []
    at = naive(now)
    with opened(url) as plain:
        for page in pages(plain):
            missed += [one.row[0] for one in judged(plain, page, at) if one.late]
        for start in range(0, len(missed), PAGE):
            _record(plain, missed[start : start + PAGE], at, is_scan=False)
    return len(missed)


def escalate(url: str, now: datetime) -> int:
    """The first scan of a desk: every ticket in work; answers how many were late."""
    late, at = 0, naive(now)
    with opened(url) as plain:
        for ids in _in_work(plain):
            late += _record(plain, ids, at, is_scan=True)
    return late


def _in_work(plain: Plain) -> Iterator[list[int]]:
    for status in ("in_progress", "open"):
        last = 0
        while found := plain.rows(
            "SELECT t.id FROM support_tickets t LEFT JOIN savctl_sla_alarms a "
            "ON a.ticket_id = t.id WHERE t.status = %s AND t.id > %s "
            f"AND a.ticket_id IS NULL ORDER BY t.id LIMIT {PAGE}",
            (status, last),
        ):
            last = found[-1][0]
            yield [row[0] for row in found]


def _record(plain: Plain, ids: Sequence[int], now: datetime, *, is_scan: bool) -> int:
    plain.begin()
    places = ", ".join([str(one) for one in ids])
    lock = "" if plain.is_sqlite else " FOR UPDATE" + " SKIP LOCKED" * is_scan
    found = plain.rows(
        f"SELECT {COLUMNS} FROM support_tickets WHERE id IN ({places}) ORDER BY id{lock}"
    )
    rows = _Rows(now)
    for one in judged(plain, found, now):
        _add(rows, one)
    if not is_scan:
        rows.alarms.clear()
    _write(plain, rows)
    return len(rows.tickets)


def written_by(url: str, run_id: int, since: datetime) -> _Rows:
    """What a run of `sla-escalation` wrote, which began at `since`."""
    at = naive(since)
    with opened(url) as plain:
        ledger = plain.rows(
            f"SELECT {_LEDGER} FROM savctl_sla_breaches WHERE run_id = %s", (run_id,)
        )
        places = ", ".join(sorted({str(row[0]) for row in ledger}))
        return _Rows(
            at,
            tickets=plain.rows(
                "SELECT id, metadata, priority, updated_at FROM support_tickets "
                f"WHERE id IN ({places}) ORDER BY id"
            ),
            audit=plain.rows(f"SELECT {_AUDIT} FROM savctl_audit WHERE run_id = %s", (run_id,)),
            outbox=plain.rows(
                f"SELECT {_OUTBOX} FROM savctl_outbox WHERE occurred_at = %s", (at,)
            ),
            ledger=ledger,
            alarms=plain.rows(
                f"SELECT {_ALARMS} FROM savctl_sla_alarms WHERE ticket_id IN ({places})"
            ),
        )


def write(plain: Plain, rows: _Rows) -> float:
    """Write the same rows into another database with the same tickets; the seconds it took."""
    started = time.perf_counter()
    plain.begin()
    _write(plain, rows)
    return time.perf_counter() - started


def _write(plain: Plain, rows: _Rows) -> None:
    _update(plain, rows.tickets)
    plain.insert("savctl_audit", _AUDIT, rows.audit)
    plain.insert("savctl_outbox", _OUTBOX, rows.outbox)
    plain.insert("savctl_sla_breaches", _LEDGER, rows.ledger)
    plain.insert("savctl_sla_alarms", _ALARMS, rows.alarms, verb="REPLACE")
    plain.connection.commit()


def _add(rows: _Rows, one: Judged) -> None:
    """What becomes of one ticket; one in work that was answered too late is raised."""
    ticket_id, level, touched = one.row[0], one.row[3], one.row[8]
    in_work = one.row[4] in {"open", "in_progress"}
    for late in one.late:
        to = _raised(level) if in_work and late.side == "response" else None
        one.metadata["sla"]["breaches"].append(_stored(one, late, rows.now, to))
        if to is not None:
            entry = _entry(rows.now, level, to, late)
            one.metadata["history"].append(entry)
            text = json.dumps(entry, ensure_ascii=False)
            rows.audit.append((rows.now, None, "priority", ticket_id, _RUN, text))
            level, touched = to, rows.now
        rows.ledger.append(
            (
                *(ticket_id, late.side, late.at, rows.now, _promised(one)),
                *(late.expected, late.actual, to, _RUN),
            )
        )
        rows.outbox.append(_event(one, late, rows.now))
    if one.late:
        text = json.dumps(one.metadata, ensure_ascii=False)
        rows.tickets.append((ticket_id, text, level, touched))
    looks_at = None if one.looks_at is None else one.looks_at + timedelta(seconds=1)
    rows.alarms.append((ticket_id, looks_at, touched))


def _promised(one: Judged) -> str:
    return str(one.metadata["sla"]["promise"]["priority"])


def _raised(level: str) -> str | None:
    return _LEVELS[_LEVELS.index(level) + 1] if level != _LEVELS[-1] else None


def _stored(one: Judged, late: Late, now: datetime, to: str | None) -> dict[str, Any]:
    return {
        "type": late.side,
        "at": f"{late.at.isoformat()}Z",
        "found_at": f"{now.isoformat()}Z",
        "priority": _promised(one),
        "expected_minutes": late.expected,
        "actual_minutes": late.actual,
        "raised_to": to,
    }


def _entry(now: datetime, before: str, after: str, late: Late) -> dict[str, Any]:
    return {
        "at": f"{now.isoformat()}.000000Z",
        "actor": None,
        "action": "priority",
        "from": before,
        "to": after,
        "reason": f"response SLA breached: {late.expected} min promised",
    }


def _event(one: Judged, late: Late, now: datetime) -> Row:
    data = {
        "ticket_id": one.row[0],
        "ticket_number": one.row[1],
        "priority": _promised(one),
        "sla_type": late.side,
        "expected_minutes": late.expected,
        "actual_minutes": late.actual,
        "assigned_to": one.row[5],
    }
    published = {"event": "TicketSLABreach", "timestamp": f"{now.isoformat()}Z", "data": data}
    text = json.dumps(published, ensure_ascii=False)
    name, key = "TicketSLABreach", "sav.ticket.sla_breach"
    return str(uuid.uuid4()), name, key, one.row[0], text, now


def _update(plain: Plain, tickets: Sequence[Row]) -> None:
    for start in range(0, len(tickets), _ARMS):
        some = tickets[start : start + _ARMS]
        names = ("metadata", "priority", "updated_at")
        arms = "WHEN %s THEN %s " * len(some)
        sets = ", ".join(f"{name} = CASE id {arms}END" for name in names)
        values = [v for at in range(1, len(names) + 1) for row in some for v in (row[0], row[at])]
        places = ", ".join(["%s"] * len(some))
        plain.write(
            f"UPDATE support_tickets SET {sets} WHERE id IN ({places})",
            [*values, *(row[0] for row in some)],
        )
