"""`scheduler run --metrics`: the three addresses, with a database that is well, away, hung."""

from __future__ import annotations

import re
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import text

from savctl.bootstrap import App
from savctl.config.load import load
from savctl.persistence.engine import Database
from savctl.persistence.schema.versions import HEAD
from savctl.scheduling.shared_work import SharedWork
from savctl.scheduling.status_server import StatusServer
from tests.conftest import Cli
from tests.metrics.conftest import samples
from tests.servers.network.tcp_proxy import TcpProxy, Towards

Ask = Callable[[str], tuple[int, str, float]]
_PATIENCE = 5.0


@contextmanager
def watching(database_url: str) -> Iterator[Ask]:
    """A watch of a database; asked by path it answers status, body and seconds."""
    app = App(load({"SAVCTL_DATABASE_URL": database_url}))
    watch = StatusServer(app, ":0")
    watch.start()
    host, port = watch.address

    def ask(path: str) -> tuple[int, str, float]:
        began = time.monotonic()
        try:
            with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=20) as answer:
                return answer.status, answer.read().decode(), time.monotonic() - began
        except urllib.error.HTTPError as refused:
            with closing(refused):
                return refused.code, refused.read().decode(), time.monotonic() - began

    try:
        yield ask
    finally:
        watch.close()
        app.close()


def test_the_three_addresses_answer_while_all_is_well(database: Database, url: str) -> None:
    with watching(url) as ask:
        status, body, _ = ask("/metrics")
        checks = [ask(path)[:2] for path in ("/healthz", "/readyz")]
        missing = ask("/nothing")[0]

    assert status == 200
    assert samples(body)["savctl_up"] == 1
    assert checks == [(200, "ok\n"), (200, "ready\n")]
    assert missing == 404
    with database.reading() as connection:
        assert (
            connection.execute(
                text("SELECT COUNT(*) FROM savctl_leases WHERE name LIKE 'readyz:%'")
            ).scalar_one()
            == 0
        )


def test_on_another_schema_revision_it_is_alive_and_not_ready(
    database: Database, url: str
) -> None:
    with watching(url) as ask:
        set_revision(database, "9999")
        try:
            answers = [ask(path)[0] for path in ("/metrics", "/healthz", "/readyz")]
            found = samples(ask("/metrics")[1])
        finally:
            set_revision(database, HEAD)
        again = ask("/readyz")[0]

    assert answers == [200, 200, 503]
    assert found['savctl_schema_revision_info{revision="9999"}'] == 1
    assert again == 200


@pytest.mark.slow("waits for a database that hangs, again and again")
@pytest.mark.only_on("mariadb")
def test_a_database_that_is_away_or_hangs_is_answered_for_in_time(
    database: Database, database_url: str
) -> None:
    port = int(database.url.port or 0)
    with (
        TcpProxy(port) as proxy,
        watching(f"{proxy.through(database_url)}?ssl_disabled=true") as ask,
    ):
        assert ask("/healthz")[0] == 200
        assert samples(ask("/metrics")[1])["savctl_up"] == 1

        proxy.hold(*Towards)
        hung = [ask(path) for path in ("/metrics", "/healthz", "/readyz")]
        proxy.release()
        proxy.refuse()
        proxy.cut()
        away = [ask(path) for path in ("/metrics", "/healthz", "/readyz")]
        proxy.refuse(False)
        eventually(lambda: ask("/healthz")[0] == 200)
        eventually(lambda: samples(ask("/metrics")[1])["savctl_up"] == 1)

    for answers in (hung, away):
        assert [status for status, _, _ in answers] == [200, 503, 503]
        assert samples(answers[0][1]) == {"savctl_up": 0}
        assert max(seconds for _, _, seconds in answers) < _PATIENCE


def test_fifty_scrapes_at_once_are_answered(url: str) -> None:
    with watching(url) as ask, ThreadPoolExecutor(50) as pool:
        ask("/metrics")
        answers = list(pool.map(ask, ["/metrics"] * 50))

    assert {status for status, _, _ in answers} <= {200, 503}
    assert sum(status == 200 for status, _, _ in answers) >= 40


def test_fifty_who_ask_at_once_share_two_pieces_of_work() -> None:
    runs: list[int] = []
    may_end = threading.Event()

    def work() -> int:
        may_end.wait(10)
        runs.append(len(runs))
        return len(runs)

    with closing(SharedWork(work, name="test")) as shared, ThreadPoolExecutor(50) as pool:
        answers = [pool.submit(shared.ask, seconds=10) for _ in range(50)]
        may_end.set()

        assert {answer.result() for answer in answers} <= {1, 2, 3}
    assert len(runs) <= 3


def test_who_asks_gets_what_began_after_the_question() -> None:
    begun, may_end = threading.Event(), threading.Event()
    state = ["old"]

    def work() -> str:
        seen = state[0]
        begun.set()
        may_end.wait(10)
        return seen

    with closing(SharedWork(work, name="test")) as shared, ThreadPoolExecutor(2) as pool:
        first = pool.submit(shared.ask, seconds=10)
        begun.wait(10)
        state[0] = "new"
        second = pool.submit(shared.ask, seconds=10)
        with pytest.raises(TimeoutError):
            shared.ask(seconds=0.01)
        may_end.set()

        assert (first.result(), second.result()) == ("old", "new")


def test_a_port_that_is_taken_is_wrong_usage(cli: Cli) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        done = cli("scheduler", "run", "--metrics", f"127.0.0.1:{port}")

    assert done.code == 2
    assert re.search(rf"cannot listen on 127.0.0.1:{port}: Address already in use", done.err)


@pytest.mark.parametrize("address", ["9464", "localhost", ":x", ":70000", "", "no.such.host.:1"])
def test_what_is_no_address_is_wrong_usage(cli: Cli, address: str) -> None:
    assert cli("scheduler", "run", "--metrics", address).code == 2


def set_revision(database: Database, revision: str) -> None:
    with database.connection() as connection:
        connection.execute(
            text("UPDATE savctl_alembic_version SET version_num = :revision"),
            {"revision": revision},
        )
        connection.commit()


def eventually(is_so: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 15
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.1)


@pytest.fixture
def url(database: Database, database_url: str) -> str:
    return database_url if database.is_sqlite else f"{database_url}?ssl_disabled=true"
