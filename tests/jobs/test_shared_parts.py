"""Parts that job threads share are made once, and nobody waits for another application's."""

from __future__ import annotations

import threading
from inspect import getattr_static
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any

import pytest

from savctl.adapters.directory.store import DirectoryStore
from savctl.adapters.s3.store import S3Settings, S3Store
from savctl.bootstrap import App
from savctl.config import load
from savctl.persistence.engine import Database
from savctl.shared_part import shared_part

THREADS = 12
LONGEST = 20.0


def asked_at_once(ask: Any) -> list[Any]:
    """What so many threads get that ask at the same moment."""
    start, answers = Barrier(THREADS), []

    def work() -> None:
        start.wait(LONGEST)
        answers.append(ask())

    threads = [Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST)
    return answers


class Slow:
    """A part that takes a while to be made, so that all ask meanwhile."""

    def __init__(self) -> None:
        self.made = 0
        self.is_let_go = Event()

    @shared_part
    def part(self) -> object:
        """A part."""
        self.made += 1
        self.is_let_go.wait(0.2)
        return object()

    @shared_part
    def broken(self) -> object:
        """A part that cannot be made at first."""
        self.made += 1
        if self.made == 1:
            raise RuntimeError("not yet")
        return object()


def test_a_part_is_made_once_however_many_ask_for_it_at_once() -> None:
    slow = Slow()

    parts = asked_at_once(lambda: slow.part)

    assert (len(parts), len(set(parts)), slow.made) == (THREADS, 1, 1)


def test_a_part_that_could_not_be_made_is_tried_again() -> None:
    slow = Slow()
    with pytest.raises(RuntimeError):
        _ = slow.broken

    assert slow.broken is slow.broken


def test_another_objects_part_is_not_waited_for() -> None:
    """A database that does not answer must not keep another application from its own."""
    waits, quick = Slow(), Slow()
    quick.is_let_go.set()
    began = threading.Event()

    def make() -> None:
        began.set()
        _ = waits.part

    thread = Thread(target=make)
    thread.start()
    began.wait(LONGEST)

    _ = quick.part

    assert "part" not in waits.__dict__
    waits.is_let_go.set()
    thread.join(LONGEST)


def test_everything_that_an_application_gives_to_its_jobs_is_such_a_part() -> None:
    for kind, names in (
        (App, ("database", "raw_database", "broker", "store", "scanner", "cold")),
        (Database, ("engine",)),
        (S3Store, ("_client", "_link_client")),
        (DirectoryStore, ("_index", "_secret")),
    ):
        for name in names:
            assert isinstance(getattr_static(kind, name), shared_part), f"{kind.__name__}.{name}"


@pytest.mark.only_on("sqlite")
def test_job_threads_share_one_database_and_one_store(tmp_path: Path) -> None:
    settings = load({"SAVCTL_HOME": str(tmp_path), "HOME": str(tmp_path)})
    app = App(settings)

    databases, stores = asked_at_once(lambda: app.database), asked_at_once(lambda: app.store)

    assert (len(set(map(id, databases))), len(set(map(id, stores)))) == (1, 1)
    assert len(set(map(id, asked_at_once(lambda: app.database.engine)))) == 1
    app.close()


def test_clients_of_two_buckets_can_be_made_at_once() -> None:
    def client() -> Any:
        return S3Store(S3Settings(bucket="b", endpoint="http://127.0.0.1:1"))._client

    assert len(asked_at_once(client)) == THREADS
