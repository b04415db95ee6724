"""How fast bucket-mirror copies a bucket for the first time, and how much memory it takes.

The floor is boto3 alone: a loop that reads each object and writes it into another bucket. Both
talk to the same private S3 server. The job is the whole process; it digests every object, keeps
the index and reads what it needs of the database, which the loop does not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

from benchmarks.framework.figures import Table, cores, finish, say
from benchmarks.framework.load import migrate
from benchmarks.framework.processes import peak_mb
from savctl.adapters.s3.store import S3Settings, S3Store
from tests.servers import find
from tests.servers.stores.s3_server import PrivateS3
from tests.servers.stores.seaweedfs import PrivateSeaweed

TARGET, TARGET_MB = 0.7, 120
_SMALL, _FULL = 300, 20_000
_SIZES = (2_000, 20_000, 200_000, 1_000_000)  # bytes: notes, pictures, documents, scans
_COMMAND = ("job", "run", "bucket-mirror", "--quiet", "-o", "json")


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.files.mirroring", description=__doc__
    )
    parser.add_argument("--objects", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    given = parser.parse_args(words)
    objects = given.objects or (_FULL if given.full else _SMALL)
    programs = find.seaweedfs()
    if programs is None:
        sys.exit("benchmarks: no S3 server on this machine")
    with PrivateSeaweed(programs) as server:
        source = server.new_bucket(versioned=True)
        size = _fill(server, source, objects)
        table = Table(
            f"bucket-mirror: {objects:,} objects, {size / 1e6:.0f} MB, {cores()} cores",
            ("round", "loop s", "mirror s", "speed", "MB", "target"),
        )
        _measure(table, server, source, objects, given.rounds)
    table.show()
    return finish([table])


def _measure(table: Table, server: PrivateS3, source: str, objects: int, rounds: int) -> None:
    speeds, peaks = [], []
    for number in range(1, rounds + 1):
        loop = _plain(server, source, objects)
        mirror, peak = _mirror(server, source, objects)
        speeds.append(loop / mirror)
        peaks.append(peak)
        say(f"loop {loop:.1f} s, mirror {mirror:.1f} s, {peak:.0f} MB")
        table.add(number, loop, mirror, speeds[-1], peak, "", is_met=None)
    middle, largest = statistics.median(speeds), max(peaks)
    is_met = middle >= TARGET and largest < TARGET_MB
    target = f">= {TARGET}, < {TARGET_MB} MB"
    table.add("median", "", "", middle, largest, target, is_met=is_met)


def _fill(server: PrivateS3, bucket: str, objects: int) -> int:
    """Objects of four sizes, no two of them alike; answers the bytes in all."""
    say(f"uploading {objects:,} objects")
    store = S3Store(
        S3Settings(
            bucket=bucket,
            endpoint=server.url,
            access_key=server.access_key,
            secret_key=server.secret_key,
        )
    )
    chance = random.Random(1)
    sizes = [chance.choices(_SIZES, (8, 8, 3, 1))[0] for _ in range(objects)]

    def put(number: int) -> None:
        content = random.Random(number).randbytes(sizes[number])
        key = f"tickets/{number // 2 + 1}/{number:032x}.png"
        store.put(
            key, BytesIO(content), size_bytes=len(content), content_type="application/octet-stream"
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(objects)))
    store.close()
    return sum(sizes)


def _environment(server: PrivateS3, **more: str) -> Mapping[str, str]:
    return {
        **os.environ,
        "AWS_ACCESS_KEY_ID": str(server.access_key),
        "AWS_SECRET_ACCESS_KEY": str(server.secret_key),
        "AWS_ENDPOINT": server.url,
        **more,
    }


def _plain(server: PrivateS3, source: str, objects: int) -> float:
    target = server.new_bucket(versioned=True)
    command = [sys.executable, "-m", "benchmarks.files._plain_mirror", source, target]
    output = subprocess.run(
        command, env=_environment(server), capture_output=True, text=True, check=True
    ).stdout
    count, _, seconds = output.split()
    if int(count) != objects:
        sys.exit(f"the loop copied {count} of {objects} objects")
    return float(seconds)


def _mirror(server: PrivateS3, source: str, objects: int) -> tuple[float, float]:
    """The seconds of the whole job, and the most memory it held, in MB."""
    target = server.new_bucket(versioned=True)
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile("w+") as values:
        url = f"sqlite:///{home}/savctl.db"
        migrate(url)
        environment = _environment(
            server,
            SAVCTL_HOME=home,
            SAVCTL_DATABASE_URL=url,
            AWS_BUCKET=source,
            SAVCTL_MIRROR_URL=f"s3://{target}",
        )
        savctl = [str(Path(sys.executable).with_name("savctl")), *_COMMAND]
        started = time.perf_counter()
        with subprocess.Popen(savctl, env=environment, stdout=values, stderr=values) as process:
            peak = peak_mb(process)
            seconds = time.perf_counter() - started
        values.seek(0)
        outcome = values.read()
    try:
        copied = json.loads(outcome)["changed"]
    except (ValueError, KeyError):
        sys.exit(f"the job did not do its work:\n{outcome[-2000:]}")
    if copied != objects:
        sys.exit(f"the job copied {copied} of {objects} objects")
    return seconds, peak


if __name__ == "__main__":
    sys.exit(main())
