"""Entries of changed tickets leave the service's cache, whatever becomes of the cache."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from savctl.bootstrap import App
from savctl.config import load
from savctl.errors import ConfigurationError
from savctl.persistence.engine import Database
from savctl.persistence.events.cache_removals import queue_removals
from savctl.ports import system_clock
from savctl.ports.ticket_cache import TicketCacheUnavailable
from savctl.scheduling.job import find_job
from savctl.scheduling.runner import Start, run_job
from savctl.usecases.events.cache_removal import remove_cached
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.creation import edit_ticket
from tests.conftest import Cli
from tests.depth import deep
from tests.given import created, rows
from tests.jobs.conftest import MakeApp
from tests.servers.ports import free_port
from tests.servers.redis_server import PrivateRedis
from tests.ticket_cache.conftest import entries

WRITERS = 4
CHANGES = deep(10_000, usual=160)
TICKETS = min(CHANGES // 2, 500)  # most of a short run are changed once: a lost removal is seen
AT_ONCE = timedelta()


@pytest.fixture
def cached(make_app: MakeApp, redis_server: PrivateRedis) -> Iterator[App]:
    """An application whose database notes what is changed."""
    app = make_app(ticket_cache_url=redis_server.url)
    app.database.on_changed = queue_removals
    yield app
    assert app.ticket_cache is not None
    app.ticket_cache.close()


def waiting(database: Database) -> int:
    return len(rows(database, "SELECT id FROM savctl_cache_removals"))


def removed(app: App) -> None:
    """Have everything removed; the cache is there."""
    assert app.ticket_cache is not None
    remove_cached(app.database, app.ticket_cache, settle=AT_ONCE)


def test_the_entries_of_a_changed_ticket_are_removed_and_no_other(
    cached: App, redis_server: PrivateRedis
) -> None:
    first, second = (created(cached.database, cached.clock).id for _ in range(2))
    removed(cached)
    with redis_server.client() as client:
        for ticket in (first, second):
            client.set(f"sav:ticket:{ticket}", "old")

    edit(cached, first, "new")
    assert len(entries(redis_server)) == 2
    run_job(find_job("event-relay"), cached, Start())

    assert entries(redis_server) == {f"sav:ticket:{second}": "old"}


def edit(app: App, ticket: int, subject: str) -> None:
    edit_ticket(Operation(app.database, app.clock, actor=7), ticket, {"subject": subject})


def test_a_change_that_is_rolled_back_or_only_tried_removes_nothing(cached: App) -> None:
    ticket = created(cached.database, cached.clock).id
    removed(cached)

    dry = Operation(cached.database, cached.clock, actor=7, dry_run=True)
    edit_ticket(dry, ticket, {"subject": "new"})

    assert waiting(cached.database) == 0


def test_a_reader_that_stores_what_it_read_before_is_met_a_second_time(
    cached: App, redis_server: PrivateRedis
) -> None:
    ticket = created(cached.database, cached.clock).id
    assert cached.ticket_cache is not None
    remove_cached(cached.database, cached.ticket_cache)
    with redis_server.client() as client:
        client.set(f"sav:ticket:{ticket}", "what it had read before the change")

    remove_cached(cached.database, cached.ticket_cache)

    assert entries(redis_server) == {}
    assert waiting(cached.database) == 1


@pytest.mark.parametrize("fault", ["away", "frozen"])
def test_nothing_waits_for_a_cache_that_is_away_and_the_removal_is_repeated(
    fault: str, cached: App, redis_server: PrivateRedis, caplog: pytest.LogCaptureFixture
) -> None:
    ticket = created(cached.database, cached.clock).id
    with redis_server.client() as client:
        client.set(f"sav:ticket:{ticket}", "old")
    redis_server.freeze() if fault == "frozen" else redis_server.crash()

    began = time.monotonic()
    edit(cached, ticket, "new")
    changed_in = time.monotonic() - began
    report = run_job(find_job("event-relay"), cached, Start())
    took = time.monotonic() - began

    assert (report.done.failed, waiting(cached.database) > 0) == (0, True)
    assert changed_in < 1
    assert took < 4
    assert "does not answer" in caplog.text
    redis_server.thaw() if fault == "frozen" else redis_server.start()
    assert set(entries(redis_server)) == {f"sav:ticket:{ticket}"}
    removed(cached)
    assert (entries(redis_server), waiting(cached.database)) == ({}, 0)


def test_a_relay_that_stays_removes_within_seconds(
    cached: App, redis_server: PrivateRedis
) -> None:
    ticket = created(cached.database, cached.clock).id
    with redis_server.client() as client:
        client.set(f"sav:ticket:{ticket}", "old")
    over = Event()
    start = Start(run_until=cached.clock() + timedelta(hours=1), should_stop=over.is_set)
    relay = Thread(target=run_job, args=(find_job("event-relay"), cached, start))
    relay.start()
    try:
        assert reached(lambda: entries(redis_server) == {})
    finally:
        over.set()
        relay.join()


@pytest.mark.only_on("sqlite")
def test_a_program_that_ends_leaves_no_connection_to_the_cache(
    redis_server: PrivateRedis, tmp_path: Path
) -> None:
    settings = {"HOME": str(tmp_path), "SAVCTL_TICKET_CACHE_URL": redis_server.url}
    app = App(load({**settings, "SAVCTL_DATABASE_URL": f"sqlite:///{tmp_path}/savctl.db"}))
    assert app.ticket_cache is not None
    app.ticket_cache.check()
    with redis_server.client() as client:
        assert len(client.client_list()) == 2

        app.close()

        assert reached(lambda: len(client.client_list()) == 1)


def reached(what: Callable[[], bool], *, within: float = 10.0) -> bool:
    end = time.monotonic() + within
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.slow("four writers, and a cache that is killed and frozen")
def test_after_many_changes_with_the_cache_killed_and_started_no_entry_is_stale(
    cached: App, redis_server: PrivateRedis, database: Database
) -> None:
    app = cached
    tickets = [created(database, system_clock).id for _ in range(TICKETS)]
    with redis_server.client() as client:
        for ticket in tickets:
            client.set(f"sav:ticket:{ticket}", "Order not received")
    over, faults = Event(), Event()
    threads = [
        *(Thread(target=write, args=(app, tickets, n)) for n in range(WRITERS)),
        Thread(target=read, args=(redis_server, database, tickets, over)),
        Thread(target=relay, args=(app, over)),
        Thread(target=disturb, args=(redis_server, faults)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads[:WRITERS]:
        thread.join()
    faults.set()
    threads[-1].join()
    time.sleep(0.2)  # the reader stores what it has read
    over.set()
    for thread in threads:
        thread.join()

    removed(app)

    subjects = {f"sav:ticket:{r['id']}": r["subject"] for r in rows(database, SUBJECTS)}
    stale = {key: value for key, value in entries(redis_server).items() if subjects[key] != value}
    assert stale == {}
    assert waiting(database) == 0
    changed = {row["subject"] for row in rows(database, SUBJECTS)}
    assert len(changed) > 10


SUBJECTS = "SELECT id, subject FROM support_tickets"


def write(app: App, tickets: list[int], number: int) -> None:
    draw = random.Random(number)
    for change in range(CHANGES // WRITERS):
        edit(app, draw.choice(tickets), f"change {change} of writer {number}")


def read(server: PrivateRedis, database: Database, tickets: list[int], over: Event) -> None:
    """The service: it reads a ticket from the database and stores it in the cache."""
    draw = random.Random(99)
    with server.client() as client:
        while not over.is_set():
            ticket = draw.choice(tickets)
            [found] = rows(database, f"{SUBJECTS} WHERE id = {ticket}")
            try:
                client.set(f"sav:ticket:{ticket}", found["subject"])
            except Exception:
                time.sleep(0.01)


def relay(app: App, over: Event) -> None:
    cache = app.ticket_cache
    assert cache is not None
    while not over.is_set():
        try:
            remove_cached(app.database, cache, should_stop=over.is_set)
        except TicketCacheUnavailable:
            time.sleep(0.05)


def disturb(server: PrivateRedis, over: Event) -> None:
    while not over.is_set():
        server.crash()
        time.sleep(0.1)
        server.start()
        time.sleep(0.3)
        server.freeze()
        time.sleep(0.2)
        server.thaw()
        time.sleep(0.3)


@pytest.mark.only_on("sqlite")
def test_without_the_setting_nothing_is_imported_connected_or_stored(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in [name for name in sys.modules if name.partition(".")[0] == "redis"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delitem(sys.modules, "savctl.adapters.redis_cache", raising=False)

    assert cli("ticket", "create", "--user", 456, "--subject", "s", "--description", "d").code == 0
    assert cli("job", "run", "event-relay").code == 0
    assert cli("doctor").code == 0

    assert "redis" not in sys.modules
    assert "savctl.adapters.redis_cache" not in sys.modules
    assert waiting(database) == 0


@pytest.mark.only_on("sqlite")
def test_the_command_line_notes_changes_and_the_doctor_names_what_waits(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"redis://:hush@127.0.0.1:{free_port()}/0"
    monkeypatch.setenv("SAVCTL_TICKET_CACHE_URL", url)

    made = cli("ticket", "create", "--user", 456, "--subject", "s", "--description", "d")
    doctor, shown = cli("doctor", "-o", "json"), cli("config", "show")

    assert made.code == 0
    assert waiting(database) == 1
    assert doctor.code == 10
    assert "1 changed ticket to be removed" in doctor.out or "does not answer" in doctor.out
    assert "hush" not in made.err + doctor.out + doctor.err + shown.out


@pytest.mark.only_on("sqlite")
def test_a_package_that_is_not_installed_is_named(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    cache = make_app(ticket_cache_url="redis://127.0.0.1:1/0").ticket_cache
    assert cache is not None

    with pytest.raises(ConfigurationError, match="redis is not installed") as refused:
        cache.remove([1])

    assert "savctl[redis]" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TICKET_CACHE_URL", "http://host"),
        ("TICKET_CACHE_URL", "redis:///0"),
        ("TICKET_CACHE_URL", "redis://host/zero"),
        ("TICKET_CACHE_KEYS", "sav:ticket"),
        ("TICKET_CACHE_KEYS", "sav:ticket:{number}:{id}"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name.lower()):
        load({"HOME": ".", f"SAVCTL_{name}": value})
