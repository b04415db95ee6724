"""Databases and buckets that are away for a while, as seen by a process of savctl."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from savctl.adapters.directory.store import DirectoryStore
from tests.servers.network.tcp_proxy import TcpProxy
from tests.servers.ports import LOOPBACK
from tests.servers.stores.buckets import Bucket

_ENDPOINT, _DATABASE = "SAVCTL_STORAGE_ENDPOINT", "SAVCTL_DATABASE_URL"
Away = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outages:
    """The environment of a process, and what can be away from it for the length of a block."""

    environment: Mapping[str, str]
    database: Away
    bucket: Away


@contextmanager
def outages(
    environment: Mapping[str, str], database_url: str, bucket: Bucket
) -> Iterator[Outages]:
    """Servers are reached by way of proxies; a file is locked, a folder cannot be written."""
    environment = {**environment, _DATABASE: database_url, **bucket.environment}
    with ExitStack() as stack:
        if database_url.startswith("sqlite"):
            file = Path(database_url.removeprefix("sqlite:///"))
            database: Away = lambda: locked(file)  # noqa: E731
        else:
            line = stack.enter_context(TcpProxy(_port(database_url)))
            environment[_DATABASE] = line.through(database_url)
            database = lambda: cut_off(line)  # noqa: E731
        if isinstance(bucket.store, DirectoryStore):
            folder = bucket.store.folder
            away: Away = lambda: folder_broken(folder)  # noqa: E731
        else:
            wire = stack.enter_context(TcpProxy(_port(environment[_ENDPOINT])))
            environment[_ENDPOINT] = f"http://{LOOPBACK}:{wire.port}"
            away = lambda: cut_off(wire)  # noqa: E731
        yield Outages(environment=environment, database=database, bucket=away)


@contextmanager
def folder_broken(folder: Path) -> Iterator[None]:
    """A bucket in a folder that cannot be written for a while: its content folder is a file."""
    content = folder / "content"
    aside = folder / "content.aside"
    content.rename(aside)
    content.write_text("broken")
    try:
        yield
    finally:
        content.unlink()
        aside.rename(content)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """A database of SQLite into which nobody can write for a while."""
    with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


@contextmanager
def cut_off(line: TcpProxy) -> Iterator[None]:
    """Every connection is reset, and no new one is taken for a while."""
    line.refuse()
    line.cut()
    try:
        yield
    finally:
        line.refuse(False)


def _port(url: str) -> int:
    found = urlsplit(url).port
    assert found is not None
    return found
