"""The page at `/` of `scheduler run --metrics`, while the database is well and while it hangs."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from savctl.bootstrap import App
from savctl.config.load import load
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from savctl.scheduling.status_server import StatusServer
from tests.given import created, snapshot
from tests.servers.network.tcp_proxy import TcpProxy, Towards

_LIMIT_SECONDS = 5.0
Page = tuple[int, Mapping[str, str], str]


@contextmanager
def served(database_url: str) -> Iterator[str]:
    """The address of a page about a database."""
    app = App(load({"SAVCTL_DATABASE_URL": database_url}))
    server = StatusServer(app, ":0")
    server.start()
    host, port = server.address
    try:
        yield f"http://{host}:{port}/"
    finally:
        server.close()
        app.close()


def fetched(url: str) -> Page:
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - our own
        return answer.status, dict(answer.headers), answer.read().decode()


def test_the_page_is_served_with_strict_headers_and_changes_nothing(
    database: Database, database_url: str
) -> None:
    for _ in range(3):
        created(database, system_clock, subject="SECRET", description="SECRET")
    before = snapshot(database)
    quick = database_url if database.is_sqlite else f"{database_url}?ssl_disabled=true"

    with served(quick) as url:
        status, headers, text = fetched(url)
        with ThreadPoolExecutor(20) as pool:
            many = [page[0] for page in pool.map(fetched, [url] * 20)]

    assert (status, many) == (200, [200] * 20)
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert '<b data-value="3">3</b><span>Not closed</span>' in text
    assert "SECRET" not in text
    assert "TKT-" not in text
    assert snapshot(database) == before


@pytest.mark.slow("waits for a database that hangs")
@pytest.mark.only_on("mariadb")
def test_while_the_database_hangs_the_page_says_so_within_five_seconds(
    database: Database, database_url: str
) -> None:
    created(database, system_clock)
    with (
        TcpProxy(int(database.url.port or 0)) as proxy,
        served(f"{proxy.through(database_url)}?ssl_disabled=true") as url,
    ):
        assert 'role="alert"' not in fetched(url)[2]
        proxy.hold(*Towards)
        begun = time.monotonic()
        with ThreadPoolExecutor(10) as pool:
            hung = list(pool.map(fetched, [url] * 10))
        took = time.monotonic() - begun
        proxy.release()
        end = time.monotonic() + 30
        while 'role="alert"' in fetched(url)[2] and time.monotonic() < end:
            time.sleep(0.2)
        healed = fetched(url)[2]

    assert took < _LIMIT_SECONDS
    for status, _, text in hung:
        assert status == 200
        assert "The database cannot be read since" in text
        assert "<span>Not closed</span>" in text, "what was read before"
    assert 'role="alert"' not in healed
