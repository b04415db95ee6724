"""Old copies bring nothing of an erased person back, until they are forgiven."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from savctl.persistence.engine import Database
from savctl.ports import ObjectStore, SetClock
from savctl.usecases.archive.cold_storage import DEFAULT_PREFIX, ColdStorage
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.conversation import add_message
from savctl.usecases.tickets.transitions import close_ticket
from tests.archive.support import archive
from tests.conftest import Cli
from tests.erasure.everything import EVE, LONG_AGO
from tests.given import BOSS, CUSTOMER, NOW, created, rows, snapshot

pytestmark = [
    pytest.mark.each_database("a person is found by SQL"),
    pytest.mark.slow("erases a person twice, and imports their past in between"),
]
WORDS = "mark-of-ada"


@pytest.fixture
def numbers(database: Database, clock: SetClock, home_store: ObjectStore) -> list[str]:
    """Three tickets of the person, two of them archived beside one of another customer's."""
    clock.at = LONG_AGO
    op, made = Operation(database, clock, actor=BOSS), []
    for user in (CUSTOMER, EVE, CUSTOMER):
        words = WORDS if user == CUSTOMER else "words of Eve"
        ticket = created(database, clock, user_id=user, description=words)
        add_message(op, ticket.id, sender=("customer", user), body=f"{words} again")
        close_ticket(op, ticket.id, reason="done")
        made += [ticket.ticket_number] if user == CUSTOMER else []
    clock.at = NOW
    archive(database, clock, ColdStorage(home_store, DEFAULT_PREFIX))
    made.append(created(database, clock, description=WORDS).ticket_number)
    return made


@pytest.fixture
def old_file(numbers: list[str], tmp_path: Path) -> Path:
    """What was exported from the old help desk before: the person's tickets and another's."""
    file = tmp_path / "old.csv"
    with file.open("w", newline="", encoding="utf-8") as stream:
        out = csv.writer(stream)
        out.writerow(("external_id", "ticket_number", "user_id", "subject", "description"))
        out.writerows((n, n, CUSTOMER, "old", f"{WORDS} imported") for n in numbers)
        out.writerow(("E-1", "TKT-EVEOLD", EVE, "old", "words of Eve, imported"))
    return file


def of_person(database: Database) -> list[str]:
    """The tables that hold words of the person."""
    return [name for name, found in snapshot(database).items() if WORDS in repr(found)]


def test_archive_and_import_bring_nothing_back_until_the_person_is_forgiven(
    cli: Cli, database: Database, numbers: list[str], old_file: Path
) -> None:
    erased = cli("gdpr", "erase", CUSTOMER, "--confirm", CUSTOMER, "-o", "json")
    assert erased.code == 0
    first = json.loads(erased.out)

    for number in numbers:
        assert cli("archive", "restore", number, "--confirm", number).code == 4
    done = cli("ticket", "import", old_file, "--format", "csv", "-o", "json")
    assert done.code == 3
    assert json.loads(done.out)["imported"] == 1
    assert of_person(database) == []
    assert cli("gdpr", "verify", CUSTOMER).code == 0
    assert rows(database, f"SELECT id FROM support_tickets WHERE user_id = {CUSTOMER}") == []

    assert cli("gdpr", "requests", "forgive", CUSTOMER).code == 0
    for number in numbers:  # to forgive brings nothing back by itself
        assert cli("archive", "restore", number, "--confirm", number).code == 4
    words = ("--user", CUSTOMER, "--subject", "new", "--description", f"{WORDS} anew")
    assert cli("ticket", "create", *words).code == 0
    assert cli("ticket", "import", old_file, "--format", "csv", "--resume").code == 0
    found = rows(database, f"SELECT id FROM support_tickets WHERE user_id = {CUSTOMER}")
    assert len(found) == 1 + len(numbers)

    again = json.loads(cli("gdpr", "erase", CUSTOMER, "--confirm", CUSTOMER, "-o", "json").out)
    assert again["changed"] is True
    assert again["id"] != first["id"]
    assert of_person(database) == []
