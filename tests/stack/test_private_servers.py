"""The test servers themselves: what other tests take for granted about them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.servers.databases.mysql_family import PrivateServer
from tests.servers.find import PROJECT, Family, Programs, programs, required, wanted
from tests.servers.private import ServerFailed

STAYS_UNTIL_KILLED = """
import sys, time
from tests.servers.find import Family, programs
from tests.servers.databases.mysql_family import PrivateServer
server = PrivateServer(programs(Family(sys.argv[1]))).start()
print(server.pid, server.folder, flush=True)
time.sleep(600)
"""


@pytest.fixture(params=[family for family in Family if family in wanted()])
def installed(request: pytest.FixtureRequest) -> Programs:
    family = Family(request.param)
    found = programs(family)
    if found is None:
        (pytest.fail if required() else pytest.skip)(f"there is no {family} on this machine")
    return found


@pytest.fixture
def durable(installed: Programs) -> Iterator[PrivateServer]:
    with PrivateServer(installed, durable=True) as server:
        yield server


def test_a_started_server_answers_at_its_url(durable: PrivateServer) -> None:
    url = durable.create_database("shop")

    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT DATABASE(), @@collation_database, @@character_set_client, @@time_zone")
        ).one()
    engine.dispose()

    assert tuple(found) == ("shop", "utf8mb4_unicode_ci", "utf8mb4", "+00:00")


def test_committed_rows_outlive_a_crash(durable: PrivateServer) -> None:
    durable.create_database("shop")
    with closing(durable.connect("shop")) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (id INT PRIMARY KEY) ENGINE=InnoDB")
        cursor.executemany("INSERT INTO kept VALUES (%s)", [(n,) for n in range(1000)])
        connection.commit()
        cursor.execute("INSERT INTO kept VALUES (-1)")  # never committed
        before = durable.pid, durable.port

        durable.crash()
    durable.start()

    with closing(durable.connect("shop")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*), MIN(id) FROM kept")
        assert cursor.fetchone() == (1000, 0)
    assert durable.port == before[1]
    assert durable.pid != before[0]


def test_a_restart_keeps_data_and_address(durable: PrivateServer) -> None:
    url = durable.create_database("shop")

    durable.restart()

    assert durable.url("shop") == url
    durable.connect("shop").close()


def test_two_servers_run_side_by_side(durable: PrivateServer) -> None:
    with PrivateServer(durable.programs) as other:
        other.create_database("elsewhere")

        with closing(durable.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW DATABASES LIKE 'elsewhere'")
            assert cursor.fetchone() is None


def test_stop_leaves_no_process_and_no_folder(installed: Programs) -> None:
    server = PrivateServer(installed).start()
    pid, folder = server.pid, server.folder

    server.stop()

    assert not _lives(pid)
    assert not folder.exists()


def test_a_server_that_cannot_start_says_why_and_leaves_nothing(installed: Programs) -> None:
    server = PrivateServer(installed, options=("--no-such-flag=1",))

    with pytest.raises(ServerFailed, match="no-such-flag"):
        server.start()

    with pytest.raises(RuntimeError):
        _ = server.folder


def test_a_killed_test_run_leaves_no_server_behind(installed: Programs) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", STAYS_UNTIL_KILLED, installed.family],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with run:
        assert run.stdout is not None
        pid, folder = run.stdout.readline().split()

        run.kill()

    assert _within(10, lambda: not _lives(int(pid)) and not Path(folder).exists())


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _within(seconds: float, true: Callable[[], bool]) -> bool:
    give_up = time.monotonic() + seconds
    while not true() and time.monotonic() < give_up:
        time.sleep(0.05)
    return true()
