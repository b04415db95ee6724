"""Random conversations are merged and split, and compared with a model of the rules."""

from __future__ import annotations

import copy
import random
from datetime import datetime, timedelta

import pytest

from savctl.domain.clock import micro_text
from savctl.domain.model.states import Status
from savctl.domain.sla.policy import Policies
from savctl.errors import Refused
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.database.integrity import CheckOptions, check_integrity
from savctl.usecases.operation import Operation
from savctl.usecases.reports.sla_report import ReportSpan, report_sla
from savctl.usecases.tickets.merging import MergeOptions, merge_tickets
from savctl.usecases.tickets.splitting import split_ticket
from tests.depth import deep
from tests.given import BOSS, DAY, NOW, brought_to, rows, write
from tests.property import merge_model as model
from tests.property.merge_model import World
from tests.tickets.talk import STRANGER

WORLDS = deep(25, usual=8)  # of four customers each
CUSTOMERS = (456, 456, 456, STRANGER)
OPEN, WORK, WAIT, DONE, SHUT = Status
STATUSES = (OPEN, WORK, WORK, WAIT, WAIT, DONE, SHUT)


def born(database: Database, clock: SetClock, chance: random.Random) -> None:
    """A ticket with its history, some words of both sides, and some files."""
    clock.advance(timedelta(minutes=chance.randrange(200)))
    user = chance.choice(CUSTOMERS)
    words = f"description {chance.random()} ☂"
    ticket = brought_to(database, clock, chance.choice(STATUSES), user_id=user, description=words)
    for _ in range(chance.randrange(6)):
        at = clock() + timedelta(minutes=chance.randrange(600))
        side = chance.choice(("customer", "agent"))
        message = _insert(
            database,
            "ticket_messages",
            ticket_id=ticket.id,
            sender_id=user if side == "customer" else 10,
            sender_type=side,
            message=f"words {chance.random()} é",
            is_internal=int(side == "agent" and chance.random() < 0.3),
            read_at=_text(at) if chance.random() < 0.3 else None,
            created_at=_text(at),
            updated_at=_text(at),
        )
        if chance.random() < 0.4:
            _file(database, ticket.id, message, chance)
    if chance.random() < 0.4:
        _file(database, ticket.id, None, chance)


def _file(database: Database, ticket_id: int, message: int | None, chance: random.Random) -> None:
    name = f"{chance.randrange(10**9)}.png"
    _insert(
        database,
        "ticket_attachments",
        ticket_id=ticket_id,
        message_id=message,
        original_name=name,
        filename=name,
        file_path=f"tickets/{ticket_id}/{name}",
        mime_type="image/png",
        file_size=5,
        created_at=_text(NOW),
        updated_at=_text(NOW),
    )


def merge_some(database: Database, clock: SetClock, chance: random.Random, world: World) -> bool:
    """Ask for a random merge, allowed or not; model and savctl must agree on that, too."""
    target, *sources = chance.sample(sorted(world["tickets"]), chance.randint(2, 5))
    across, before = chance.random() < 0.5, copy.deepcopy(world)
    terms = MergeOptions(across=across)
    try:
        model.merge(world, sources, target, at=micro_text(clock()), by=BOSS, across=across)
    except model.No:
        world.update(before)
        with pytest.raises(Refused):
            merge_tickets(Operation(database, clock, actor=BOSS), sources, target, terms=terms)
        return False
    merge_tickets(Operation(database, clock, actor=BOSS), sources, target, terms=terms)
    return True


def split_some(
    database: Database, clock: SetClock, chance: random.Random, world: World, behind: int
) -> bool:
    """Split something that may be split out of a random ticket; answers whether it did."""
    living = [i for i, t in world["tickets"].items() if t["status"] != "closed"]
    ticket = chance.choice(living)
    here = [i for i, m in world["messages"].items() if m["ticket"] == ticket]
    owner = {i: world["tickets"][world["messages"][i]["home"]]["user"] for i in here}
    chosen = [i for i in here if owner[i] == owner[here[0]]][: max(1, len(here) // 2)]
    if len(here) < 2 or len(chosen) == len(here):
        return False
    new = split_ticket(Operation(database, clock, actor=BOSS), ticket, chosen).ticket
    world["tickets"][new.id] = model.read(database, behind=behind)["tickets"][new.id]
    model.split(world, ticket, chosen, new.id)
    assert new.user_id == owner[here[0]]
    return True


def must_agree(
    database: Database, clock: SetClock, world: World, behind: int, since: datetime
) -> None:
    """Everything in the tables is as the model says."""
    found = model.read(database, behind=behind, known=world)
    for name in ("number", "user", "status", "agent", "priority", "closed", "updated"):
        for ticket_id, ticket in world["tickets"].items():
            assert found["tickets"][ticket_id][name] == ticket[name], (ticket_id, name)
    for ticket_id, ticket in world["tickets"].items():
        seen = found["tickets"][ticket_id]
        assert seen["history"] == ticket["history"], ticket_id
        assert seen["events"] == ticket["events"], ticket_id
        assert (seen["into"], seen["came"]) == (ticket["into"], ticket["came"])
    assert model.conversations(found) == model.conversations(world)
    assert model.files(found) == model.files(world)
    span = ReportSpan(since, clock() + DAY, clock())
    texts = report_sla(database, span, by=("priority",), policies=Policies())["priority"]
    row = {**texts.total.row("total"), "merged": texts.merged}
    expected = model.statistics(world, clock())
    assert {name: row[name] for name in expected} == expected


@pytest.mark.slow("dozens of conversations")
@pytest.mark.timeout(300)
def test_random_conversations_are_merged_as_the_rules_say(database: Database) -> None:
    merged = refused = splits = behind = 0
    for seed in range(WORLDS):
        since = NOW + seed * 60 * DAY
        clock, chance = SetClock(since), random.Random(seed)
        for _ in range(14):
            born(database, clock, chance)
        clock.advance(DAY)
        world = model.read(database, behind=behind)
        for done in range(40):
            clock.advance(timedelta(minutes=7))
            if merge_some(database, clock, chance, world):
                merged += 1
                model.with_ids(world, model.read(database, behind=behind))
            else:
                refused += 1
            if done % 8 == 7:
                clock.advance(timedelta(minutes=7))
                splits += split_some(database, clock, chance, world, behind)
        must_agree(database, clock, world, behind, since)
        behind = max(world["tickets"])

    last = SetClock(NOW + 10_000 * DAY)
    assert not check_integrity(database, last, terms=CheckOptions()).findings
    assert merged >= 4 * WORLDS  # of one to four tickets each
    assert refused >= 4 * WORLDS
    assert splits >= 2 * WORLDS


def _insert(database: Database, table: str, **values: object) -> int:
    marks = ", ".join("NULL" if v is None else repr(v) for v in values.values())
    write(database, f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})")
    return int(rows(database, f"SELECT MAX(id) AS id FROM {table}")[0]["id"])


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
