"""How fast files are put into a bucket, against boto3 alone.

A private SeaweedFS and a versioned bucket for each side. Both send the same files, one after
another, by turns of fifty: boto3 alone with its defaults and the content in memory; savctl with
every check of the size and its failures in words.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from io import BytesIO

from benchmarks.framework.baseline import note_ratio
from benchmarks.framework.figures import Table, cores, finish, say
from savctl.adapters.s3.store import S3Settings, S3Store
from tests.servers import find
from tests.servers.stores.s3_server import PrivateS3
from tests.servers.stores.seaweedfs import PrivateSeaweed

TARGET = 0.8
_SMALL, _FULL, _ROUNDS, _TURN = 300, 1_000, 3, 50
_SIZES = (2_000, 20_000, 100_000, 400_000)  # bytes
_TYPE = "application/pdf"

Put = Callable[[str, bytes], object]


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.files.uploads", description=__doc__
    )
    parser.add_argument("--files", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    given = parser.parse_args(words)
    weed = find.seaweedfs()
    if weed is None:
        sys.exit("benchmarks: no SeaweedFS on this machine")
    with PrivateSeaweed(weed) as server:
        files = given.files or (_FULL if given.full else _SMALL)
        table = _rate(server, files, given.rounds)
    table.show()
    return finish([table])


def _rate(server: PrivateS3, count: int, rounds: int) -> Table:
    table = Table(
        f"uploads: {count:,} files of {min(_SIZES):,} to {max(_SIZES):,} bytes, {server.name}, "
        f"{cores()} cores",
        ("round", "savctl/s", "boto3/s", "ratio", "target"),
    )
    contents = _contents(count)
    ratios = []
    for number in range(rounds + 1):
        ours, plain = _round(server, contents)
        say(f"savctl {count / ours:,.0f}/s, boto3 {count / plain:,.0f}/s")
        if number:  # the first round is a warm-up
            ratios.append(plain / ours)
            table.add(
                number, round(count / ours), round(count / plain), ratios[-1], "", is_met=None
            )
    middle = statistics.median(ratios)
    note_ratio("uploads", middle)
    table.add("median", "", "", middle, f">= {TARGET}", is_met=middle >= TARGET)
    return table


def _round(server: PrivateS3, contents: Sequence[bytes]) -> tuple[float, float]:
    """Seconds of both for all files."""
    store = S3Store(
        S3Settings(
            bucket=server.new_bucket(),
            endpoint=server.url,
            access_key=server.access_key,
            secret_key=server.secret_key,
        )
    )
    bucket = server.new_bucket()

    def ours(key: str, content: bytes) -> None:
        store.put(key, BytesIO(content), size_bytes=len(content), content_type=_TYPE)

    def plain(key: str, content: bytes) -> None:
        server.client.put_object(Bucket=bucket, Key=key, Body=content, ContentType=_TYPE)

    seconds = {ours: 0.0, plain: 0.0}
    turns = [(first, contents[first : first + _TURN]) for first in range(0, len(contents), _TURN)]
    for turn, (first, some) in enumerate(turns):
        for put in (ours, plain) if turn % 2 else (plain, ours):
            seconds[put] += _timed(put, first, some)
    found = sum(1 for _ in store.listing("tickets/"))
    store.close()
    if found != len(contents):
        sys.exit(f"{found} of {len(contents)} files are there: nothing to compare")
    return seconds[ours], seconds[plain]


def _timed(put: Put, first: int, contents: Sequence[bytes]) -> float:
    started = time.perf_counter()
    for number, content in enumerate(contents, start=first):
        put(f"tickets/{number}/0123456789abcdef.pdf", content)
    return time.perf_counter() - started


def _contents(count: int) -> list[bytes]:
    """The same files each time, all different."""
    chance = random.Random(7)
    return [chance.randbytes(chance.choice(_SIZES)) for _ in range(count)]


if __name__ == "__main__":
    sys.exit(main())
