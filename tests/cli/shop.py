"""The shop of the examples, and every command there is."""

from __future__ import annotations

import gzip
import importlib
import json
import shlex
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import typer

from savctl.adapters.directory.store import DirectoryStore
from savctl.adapters.keys import KeysFile
from savctl.cli.groups import REGISTRY
from savctl.config import load
from savctl.domain.model.states import Status
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from tests.cli.example_tickets import a_moment_ago, add_tickets, wanted
from tests.cli.shop_copy import CopiedShop
from tests.conftest import Cli
from tests.files.making import JPEG, PDF
from tests.given import AGENT, CUSTOMER, DAY, NOW, attached, brought_to, created, write

PROJECT = Path(__file__).resolve().parents[2]
TICKETS = (
    "user_id,subject,description,created_at,updated_at\n"
    "456,Lost,Where?,2025-10-01T08:00:00Z,2025-10-01T08:00:00Z\n"
)
ARCHIVED = "TKT-9XQ4C7PA"  # the archived ticket of the examples
ERASURE = "er-0123456789abcdef0123456789abcdef"  # the erasure of the examples
BACKUP = "20251003_003000_5f1e9a"  # the backup of the examples
OLD_DESK = "number,customer,title,text,state\nA-1,456,Lost,Where is it?,open\n"
OLD_MAP = """
[fields]
external_id = "number"
user_id = "customer"
subject = "title"
description = "text"
status = "state"
"""


def _below(command: Any, words: str) -> Iterator[tuple[str, Any]]:
    inside = getattr(command, "commands", None)
    if inside is None:
        yield words, command
        return
    for name, one in inside.items():
        yield from _below(one, f"{words} {name}")


def commands() -> Iterator[tuple[str, Any]]:
    """Every command there is, by its words."""
    for name, (place, _) in REGISTRY.items():
        module, attribute = place.split(":")
        group = typer.main.get_command(getattr(importlib.import_module(module), attribute))
        yield from _below(group, name)


def examples(command: Any) -> list[str]:
    """The lines below `Examples:` in a command's help."""
    _, found, lines = str(command.help).partition("Examples:\n")
    return [line.strip() for line in lines.splitlines()] if found else []


COMMANDS = dict(commands())
EXAMPLES = [example for command in COMMANDS.values() for example in examples(command)]
# They work until they are stopped, or play months of a shop: only their words are tried here.
LONG = ("savctl event relay", "savctl scheduler run", "savctl demo")
# They need what the test's database is not, and say so.
ANSWERS = {
    "savctl db adopt": 5,
    "savctl db adopt --dry-run": 5,
    "savctl db committed 508a0f3c7be94d21a6580c9be1f4d277": 2,  # too old by now
    "savctl event relay --once": 2,
    **dict.fromkeys(
        (
            *("savctl sync consume --once", "savctl sync consume --once --max 1000"),
            *("savctl sync reconcile --dry-run", "savctl sync reconcile --fix --max 1000"),
            *("savctl sync user 456 --dry-run", "savctl sync order 789 --dry-run"),
        ),
        2,  # no broker
    ),
    **dict.fromkeys((f"savctl sync dead {rest}" for rest in ("show 1", "requeue 1 --dry-run")), 4),
    "savctl sync dead drop 1 --dry-run": 4,
    "savctl gdpr verify 456": 10,
    "savctl gdpr verify 456 -o json": 10,
}
# Signs of examples for which more is done than to bring two tickets in.
_OF_THEIR_OWN = (
    *(ARCHIVED, ERASURE, " bulk undo ", " backup ", " keys ", "requests confirm"),
    *("requests cancel", "certificate check", "age>5m"),
)


def open_shop(database: Database, folder: Path) -> None:
    """Tickets 1 to 12, the customer and the agent of the examples, and the files they name."""
    write(
        database,
        f"INSERT INTO users (id, email, firstname, lastname) VALUES "
        f"({CUSTOMER}, 'ada@example.org', 'Ada', 'Byron'), "
        f"({AGENT}, 'bob@example.org', 'Bob', 'Ross')",
    )
    for _ in range(11):
        created(database, a_moment_ago)
    brought_to(database, a_moment_ago, Status.WAITING_CUSTOMER)
    for name in ("letter.txt", "note.txt"):
        (folder / name).write_text("Dear shop\n", encoding="utf-8")
    for name, content in (("photo.jpg", JPEG), ("IMG_0815", JPEG), ("letter.pdf", PDF)):
        (folder / name).write_bytes(content)
    attached(database, home_store(folder), 12, ("From Ada.jpg", JPEG))
    (folder / "tickets.csv").write_text(TICKETS, encoding="utf-8")
    (folder / "old-desk.csv.gz").write_bytes(gzip.compress(OLD_DESK.encode()))
    (folder / "old-desk.toml").write_text(OLD_MAP, encoding="utf-8")
    shutil.copy(PROJECT / "docs" / "examples" / "stricter.toml", folder)


SHOP = CopiedShop(open_shop)


def close_long_ago(database: Database, number: str) -> None:
    """A ticket of this number that the archive takes."""
    ticket = brought_to(database, SetClock(NOW - 400 * DAY), Status.CLOSED).id
    write(database, f"UPDATE support_tickets SET ticket_number = '{number}' WHERE id = {ticket}")


def add_keys(folder: Path) -> None:
    """A key for the values of metadata, and the settings that name its file."""
    (folder / "savctl.toml").write_text('keys_file = "keys"\n')
    KeysFile(folder / "keys").add("K1")


def make_backup(cli: Cli, folder: Path) -> None:
    """The backup of the examples and a mirror, and the settings that name their places."""
    place = folder / "backups"
    (folder / "savctl.toml").write_text(
        f'backup_url = "file://{place}"\nmirror_url = "file://{folder}/mirror"\n'
    )
    outcome = cli("backup", "create", "-o", "json")
    assert outcome.code == 0, outcome.err
    made = json.loads(outcome.out)["id"]
    (place / made).rename(place / BACKUP)
    manifest = place / BACKUP / "manifest.json"
    manifest.write_text(manifest.read_text().replace(made, BACKUP))
    assert cli("backup", "mirror").code == 0


def shop_for(cli: Cli, database: Database, folder: Path, example: str) -> list[str]:
    """The shop in which the example can be run, and its words."""
    if any(sign in example for sign in _OF_THEIR_OWN):
        SHOP.open(database, folder)
        _make_ready(cli, database, folder, example)
        return words_of(database, example)
    words = shlex.split(example)[1:]
    _shop_with_tickets(*wanted(words)).open(database, folder)
    return words


def _make_ready(cli: Cli, database: Database, folder: Path, example: str) -> None:
    """What the examples need that are about more than a ticket."""
    if ARCHIVED in example:
        close_long_ago(database, ARCHIVED)
        if " backup " not in example:  # there it is to be in the backup
            assert cli("archive", "run").code == 0
    if " bulk undo " in example:
        assert cli("ticket", "bulk", "tag", "--all", "--add", "x", "--yes").code == 0
    if " backup " in example:
        _nothing_is_restored(database)
        make_backup(cli, folder)
    if " keys " in example:
        add_keys(folder)
    if "requests confirm" in example or "requests cancel" in example:
        assert cli("gdpr", "requests", "add", CUSTOMER).code == 0
    if ERASURE in example or "certificate check" in example:
        words = ("--confirm", CUSTOMER, "--certificate", "erased.json")
        assert cli("gdpr", "erase", CUSTOMER, *words).code == 0
        write(database, f"UPDATE savctl_erasures SET id = '{ERASURE}'")


def _nothing_is_restored(database: Database) -> None:
    """An example before this one may have restored into the database of that name."""
    if not database.is_sqlite:
        write(database, "DROP DATABASE IF EXISTS restored")


def home_store(folder: Path) -> DirectoryStore:
    """The files of the embedded home that the command line of a test has."""
    url = load({"SAVCTL_HOME": str(folder / "home"), "HOME": str(folder)}).storage_url
    return DirectoryStore(Path(url.removeprefix("file://")))


def words_of(database: Database, example: str) -> list[str]:
    """The example's words; its tickets are there, the first in the status it is for."""
    words = shlex.split(example)[1:]
    if "age>5m" in words:  # the shop is copied, and was made long ago in a long run
        just_now = f"{a_moment_ago():%Y-%m-%d %H:%M:%S.%f}"
        write(database, f"UPDATE savctl_outbox SET occurred_at = '{just_now}'")
    add_tickets(database, *wanted(words))
    return words


@cache
def _shop_with_tickets(status: Status, is_long: bool) -> CopiedShop:
    """The shop with the tickets of the examples that begin alike."""

    def opening(database: Database, folder: Path) -> None:
        SHOP.open(database, folder)
        add_tickets(database, status, is_long)

    return CopiedShop(opening, f"shop-{status}-{is_long}")
