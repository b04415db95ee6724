"""A small desk in September 2025, and how its export is asked for."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.assignment import assign_ticket
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.transitions import close_ticket, move_ticket
from tests.conftest import Cli
from tests.given import AGENT, BOSS, created

HOUR = timedelta(hours=1)
MONTH = "2025-09"
FIRST = datetime(2025, 9, 1, 8, tzinfo=UTC)
MARKERS = ("Quetzalcoatl", "Nebuchadnezzar", "Persephone", "987654321", "kepler@example.org")


def lived(
    database: Database,
    at: datetime,
    *steps: tuple[float, str],
    priority: str = "high",
    category: str | None = "delivery",
    agent: int | None = AGENT,
) -> int:
    """A ticket and what happens to it, each step so many hours after the one before."""
    clock = SetClock(at)
    ticket = created(
        database,
        clock,
        priority=Priority(priority),
        category=category,
        user_id=987654321,
        subject=f"{MARKERS[0]} is late",
        description=f"Ask {MARKERS[1]}.",
        tags=(MARKERS[2],),
    )
    if agent is not None:
        assign_ticket(Operation(database, clock, actor=BOSS), ticket.id, to=agent)
    for hours, what in steps:
        clock.advance(hours * HOUR)
        _step(database, clock, ticket.id, what)
    return ticket.id


def _step(database: Database, clock: SetClock, ticket: int, what: str) -> None:
    operation = Operation(database, clock, actor=AGENT)
    if what == "answer":
        add_message(operation, ticket, sender=("agent", AGENT), body=f"Ask {MARKERS[4]}.")
    elif what == "close":
        close_ticket(Operation(database, clock, actor=BOSS), ticket, reason=f"{MARKERS[2]} agreed")
    else:
        to = {"solve": "resolved", "wait": "waiting_customer", "back": "in_progress"}[what]
        move_ticket(operation, ticket, Status(to), reason=f"{MARKERS[1]} asked")


def exported(cli: Cli, place: Path, *more: object, month: str = MONTH) -> list[dict[str, Any]]:
    """The rows of an export; a CSV's numbers as numbers, its empty cells as None."""
    outcome = cli("export", "analytics", "--month", month, "--out", place, *more)
    assert outcome.code == 0, outcome.err
    return rows_of(place.read_bytes(), place.suffix)


def rows_of(content: bytes, suffix: str) -> list[dict[str, Any]]:
    """The rows of a file."""
    lines = content.decode().splitlines()
    if suffix == ".jsonl":
        return [json.loads(line) for line in lines]
    words = ("day", "category", "priority")
    return [
        {
            name: None if cell == "" else cell if name in words else int(cell)
            for name, cell in row.items()
        }
        for row in csv.DictReader(lines)
    ]


def figures(row: dict[str, Any]) -> dict[str, Any]:
    """Those that are neither none nor nought."""
    return {name: value for name, value in row.items() if value}
