"""Large databases that take minutes to make, kept in `.cache/bench` for the next run."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.framework.figures import say
from benchmarks.framework.load import fill, migrate, without_search_index
from benchmarks.framework.servers import CACHE, KeptServer, forget, programs_of
from benchmarks.framework.shop import Shop
from savctl.persistence.engine import Database
from savctl.persistence.schema import versions
from savctl.persistence.schema.tables import support_tickets, ticket_messages
from tests.servers.find import Family, Programs

KINDS = ("mariadb", "sqlite", "mysql")
FULL = 1_000_000  # tickets: the size of the promises
_RECIPE = 1  # goes up when the rows that are made, or the tables, change
_NAME = "shop"


def parser_of(module: str, about: str | None, *, small: int) -> argparse.ArgumentParser:
    """The arguments of a benchmark that asks a shop of each kind; `tickets_of` reads them."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=about)
    parser.add_argument("--tickets", type=int, help=f"default {small:,}; --full: {FULL:,}")
    parser.add_argument("--on", nargs="+", choices=KINDS, default=["mariadb", "sqlite"])
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    return parser


def tickets_of(given: argparse.Namespace, *, small: int) -> int:
    """How many tickets the shop has."""
    return given.tickets or (FULL if given.full else small)


@dataclass(frozen=True, slots=True)
class Kept:
    """A database that is filled and ready."""

    url: str
    name: str
    tickets: int
    messages: int


@contextmanager
def shop(kind: str, tickets: int, *, anew: bool = False, wordy: bool = False) -> Iterator[Kept]:
    """The shop with so many tickets on this kind of database, made if it is not there."""
    CACHE.mkdir(parents=True, exist_ok=True)
    wanted = Shop(tickets, wordy=wordy)
    with (_on_sqlite if kind == "sqlite" else _on_server)(kind, wanted, anew) as (url, name):
        yield _counted(url, name)


@contextmanager
def copied(kind: str, tickets: int) -> Iterator[Kept]:
    """A copy of that shop on a server, to be changed; it is removed at the end."""
    with shop(kind, tickets):
        pass
    programs = programs_of(Family(kind))
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        data = Path(folder) / "data"
        shutil.copytree(_folder(programs, kind, Shop(tickets)) / "data", data)
        with KeptServer(programs, data) as server:
            yield _counted(server.url(_NAME), server.name)


@contextmanager
def _on_server(kind: str, wanted: Shop, anew: bool) -> Iterator[tuple[str, str]]:
    programs = programs_of(Family(kind))
    folder = _folder(programs, kind, wanted)
    if anew:
        forget(folder)
    if not folder.is_dir():
        making = folder.with_name(f"{folder.name}.making")
        forget(making)
        say(f"making {wanted.tickets:,} tickets on {kind}; they are kept in {CACHE}")
        with KeptServer(programs, making / "data") as server:
            _make(server.create_database(_NAME), wanted)
        making.rename(folder)
    with KeptServer(programs, folder / "data") as server:
        yield server.url(_NAME), server.name


def _folder(programs: Programs, kind: str, wanted: Shop) -> Path:
    return CACHE / f"{kind}-{programs.version}-{_stamp(wanted)}"


@contextmanager
def _on_sqlite(kind: str, wanted: Shop, anew: bool) -> Iterator[tuple[str, str]]:
    import sqlite3

    file = CACHE / f"{kind}-{_stamp(wanted)}.db"
    if anew:
        forget(file)
    if not file.exists():
        making = Path(f"{file}.making")
        forget(making)
        say(f"making {wanted.tickets:,} tickets on {kind}; they are kept in {CACHE}")
        _make(f"sqlite:///{making}", wanted)
        making.rename(file)
    yield f"sqlite:///{file}", f"sqlite {sqlite3.sqlite_version}"


def _make(url: str, wanted: Shop) -> None:
    migrate(url)
    with without_search_index(url):  # to fill one as rows arrive takes several times as long
        fill(url, wanted)


def _stamp(wanted: Shop) -> str:
    return f"{versions.HEAD}-{_RECIPE}-{'words-' * wanted.wordy}{wanted.tickets}"


def _counted(url: str, name: str) -> Kept:
    """What is there, every row read once: a server in use has its rows in memory."""
    database = Database(url)
    with database.reading() as connection:
        counted = [
            connection.execute(select(func.count(), func.max(func.length(text)))).one()[0]
            for text in (support_tickets.c.description, ticket_messages.c.message)
        ]
    database.close()
    return Kept(url, name, *counted)
