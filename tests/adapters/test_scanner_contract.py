"""What every Scanner promises: the same cases on the fake and on a real clamd."""

from __future__ import annotations

import io
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import pytest

from savctl.adapters.clamav import ClamdScanner
from savctl.errors import ExitCode
from savctl.ports import Scanner, ScannerUnavailable
from tests.files.fake_scanner import FakeScanner
from tests.files.making import EICAR, a_zip
from tests.servers.clamd import BAD, NAME, STREAM_MB, PrivateClamd
from tests.servers.ports import LOOPBACK, free_port

QUICK = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Outside:
    """A scanner, and how it goes away."""

    scanner: Scanner
    goes_away: Callable[[], None]


@pytest.fixture(params=["fake", "tcp", "unix"])
def outside(request: pytest.FixtureRequest) -> Outside:
    if request.param == "fake":
        fake = FakeScanner()
        return Outside(fake, lambda: setattr(fake, "is_up", False))
    clamd: PrivateClamd = request.getfixturevalue("clamd")
    url = clamd.tcp_url if request.param == "tcp" else clamd.unix_url
    return Outside(ClamdScanner(url, timeout=QUICK), clamd.crash)


def test_clean_content_is_clean(outside: Outside) -> None:
    for content in (b"hello", b"", os.urandom(300_000), b"xx" + EICAR):
        assert outside.scanner.scan(io.BytesIO(content)).threat is None


def test_the_test_string_is_found_and_named(outside: Outside) -> None:
    threat = outside.scanner.scan(io.BytesIO(EICAR)).threat

    assert threat is not None
    assert "Test-Signature" in threat


def test_content_is_scanned_from_where_it_stands_to_its_end(outside: Outside) -> None:
    content = io.BytesIO(b"xx" + EICAR)
    content.seek(2)

    assert outside.scanner.scan(content).threat is not None
    assert content.read() == b""


def test_a_scanner_that_is_gone_gives_no_verdict(outside: Outside) -> None:
    outside.goes_away()

    with pytest.raises(ScannerUnavailable) as gone:
        outside.scanner.scan(io.BytesIO(b"hello"))
    assert gone.value.exit_code is ExitCode.UNAVAILABLE


def test_content_over_the_scanner_s_limit_has_no_verdict(outside: Outside) -> None:
    with pytest.raises(ScannerUnavailable):
        outside.scanner.scan(io.BytesIO(b"\0" * (STREAM_MB * 1_048_576 + 100_000)))


def test_clamd_looks_into_archives_and_at_digests(clamd: PrivateClamd) -> None:
    scanner = ClamdScanner(clamd.tcp_url, timeout=QUICK)

    assert NAME in (scanner.scan(io.BytesIO(a_zip({"a/b.txt": EICAR}))).threat or "")
    assert "Bad-File" in (scanner.scan(io.BytesIO(BAD)).threat or "")


def test_a_scanner_says_its_version_while_it_is_there(outside: Outside) -> None:
    values = outside.scanner.check()
    outside.goes_away()

    assert values.startswith("ClamAV ")
    with pytest.raises(ScannerUnavailable):
        outside.scanner.check()


def test_the_limit_is_reported_with_what_to_do(clamd: PrivateClamd) -> None:
    scanner = ClamdScanner(clamd.tcp_url, timeout=QUICK)

    with pytest.raises(ScannerUnavailable, match="size limit") as gone:
        scanner.scan(io.BytesIO(b"\0" * (STREAM_MB * 1_048_576 + 1)))
    assert "StreamMaxLength" in (gone.value.hint or "")


def test_a_frozen_clamd_gives_no_verdict_in_time(clamd: PrivateClamd) -> None:
    scanner = ClamdScanner(clamd.tcp_url, timeout=timedelta(seconds=0.3))
    clamd.freeze()
    began = time.monotonic()

    with pytest.raises(ScannerUnavailable, match=r"within 0\.3 s"):
        scanner.scan(io.BytesIO(os.urandom(20_000_000)))
    assert time.monotonic() - began < 3


@contextmanager
def answering(text: bytes) -> Iterator[str]:
    """Somebody at a port who says this and hangs up."""
    with socket.create_server((LOOPBACK, 0)) as server:

        def answer() -> None:
            with suppress(OSError):
                line, _ = server.accept()
                with line:
                    line.recv(100)
                    line.sendall(text)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"tcp://{LOOPBACK}:{server.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"stream: OK",  # without its end: cut off, who knows what came behind
        b"stream: \0",
        b"\0",
        b"stream: ok\0",
        b"OK but no\0",
        b"INSTREAM: Out of memory. ERROR\0",
        b"stream: Can't allocate memory ERROR\0",
        b"HTTP/1.1 200 OK\r\n\r\n\0",
        b"stream: OK\0stream: Evil FOUND\0",
        b"stream: \x1b[2J FOUND\0",
        b"x" * 10_000,
        b"\xff\xfe\0",
    ],
)
def test_whatever_is_no_verdict_is_none(answer: bytes) -> None:
    with answering(answer) as url, pytest.raises(ScannerUnavailable):
        ClamdScanner(url, timeout=timedelta(seconds=2)).scan(io.BytesIO(b"hello"))


def test_nobody_at_the_address_is_named_as_such() -> None:
    url = f"tcp://{LOOPBACK}:{free_port()}"

    with pytest.raises(ScannerUnavailable, match="does not answer") as gone:
        ClamdScanner(url, timeout=QUICK).scan(io.BytesIO(b"hello"))
    assert url in gone.value.message
