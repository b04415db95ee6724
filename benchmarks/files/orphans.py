"""How long orphan-cleanup takes for a million objects and records, and how much memory.

The floor is boto3 alone, which lists the same bucket and looks at nothing. Both talk to a small
server of our own that writes pages of ListObjectsV2 as a real one does: a million objects cannot
be uploaded to a real one in reasonable time. The records are in a private MariaDB; one object in
a thousand has none, and is hidden. The job is the whole process, from its start to its end.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.files import _listing_server as bucket
from benchmarks.framework.figures import Table, cores, finish, say
from benchmarks.framework.load import migrate, plain_connection
from benchmarks.framework.processes import peak_mb
from benchmarks.framework.servers import durable_server
from tests.servers.databases.mysql_family import PrivateServer

TARGET, TARGET_MB = 1.3, 200
_SMALL, _FULL = 100_000, 1_000_000
_ORPHAN_EVERY = 1_000
_KEYS = {"AWS_ACCESS_KEY_ID": "benchmarks", "AWS_SECRET_ACCESS_KEY": "benchmarks"}
_COMMAND = ("job", "run", "orphan-cleanup", "--quiet", "-o", "json")


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.files.orphans", description=__doc__
    )
    parser.add_argument("--objects", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    given = parser.parse_args(words)
    objects = given.objects or (_FULL if given.full else _SMALL)
    with durable_server() as database, _serving(objects) as endpoint:
        say(f"writing {objects:,} records")
        url = _records(database, objects)
        table = Table(
            f"orphan-cleanup: {objects:,} objects and records, {database.name}, {cores()} cores",
            ("round", "listing s", "cleanup s", "ratio", "MB", "target"),
        )
        _measure(table, url, endpoint, objects, given.rounds)
    table.show()
    return finish([table])


def _measure(table: Table, url: str, endpoint: str, objects: int, rounds: int) -> None:
    ratios, peaks = [], []
    for number in range(1, rounds + 1):
        listing = _plain(endpoint, objects)
        cleanup, peak = _cleanup(url, endpoint, objects)
        ratios.append(cleanup / listing)
        peaks.append(peak)
        say(f"listing {listing:.1f} s, cleanup {cleanup:.1f} s, {peak:.0f} MB")
        table.add(number, listing, cleanup, ratios[-1], peak, "", is_met=None)
    middle, largest = statistics.median(ratios), max(peaks)
    is_met = middle <= TARGET and largest < TARGET_MB
    target = f"<= {TARGET}, < {TARGET_MB} MB"
    table.add("median", "", "", middle, largest, target, is_met=is_met)


@contextmanager
def _serving(objects: int) -> Iterator[str]:
    """The bucket's address, once every page is ready."""
    command = [sys.executable, "-m", "benchmarks.files._listing_server", str(objects)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _plain(endpoint: str, objects: int) -> float:
    """The seconds of the listing itself."""
    command = [sys.executable, "-m", "benchmarks.files._plain_listing", endpoint, "sav"]
    output = subprocess.run(
        command, env={**os.environ, **_KEYS}, capture_output=True, text=True, check=True
    ).stdout
    count, seconds = output.split()
    if int(count) != objects:
        sys.exit(f"the plain listing found {count} of {objects} objects")
    return float(seconds)


def _cleanup(url: str, endpoint: str, objects: int) -> tuple[float, float]:
    """The seconds of the whole job, and the most memory it held, in MB."""
    environment = {
        **os.environ,
        **_KEYS,
        "SAVCTL_DATABASE_URL": url,
        "AWS_BUCKET": "sav",
        "AWS_ENDPOINT": endpoint,
    }
    savctl = [str(Path(sys.executable).with_name("savctl")), *_COMMAND]
    started = time.perf_counter()
    with (
        tempfile.TemporaryFile("w+") as values,
        subprocess.Popen(savctl, env=environment, stdout=values, stderr=values) as process,
    ):
        peak = peak_mb(process)
        seconds = time.perf_counter() - started
        values.seek(0)
        _require_done(values.read(), objects)
    return seconds, peak


def _require_done(outcome: str, objects: int) -> None:
    try:
        report = json.loads(outcome)
        done = (report["seen"], report["changed"], report["details"]["missing"])
    except (ValueError, KeyError):
        sys.exit(f"the job did not do its work:\n{outcome[-2000:]}")
    if done != (objects, objects // _ORPHAN_EVERY, 0):
        sys.exit(f"the job saw, hid and missed {done} of {objects} objects")


def _records(server: PrivateServer, objects: int) -> str:
    """A record for every object but each thousandth; as many again name one of the others."""
    url = server.create_database("orphans")
    migrate(url)
    columns = "ticket_id, original_name, filename, file_path, mime_type, file_size, created_at"
    with (
        closing(plain_connection(url)) as connection,
        connection.cursor() as cursor,
        tempfile.NamedTemporaryFile("w", suffix=".tsv") as file,
    ):
        for number in range(objects):
            named = number - (number % _ORPHAN_EVERY == 0)
            key = bucket.key(named if named >= 0 else 1)
            name = key.rpartition("/")[2]
            file.write(
                f"{bucket.FIRST_TICKET + number // 2}\tphoto.png\t{name}\t{key}\timage/png\t"
                f"{bucket.SIZE}\t2025-09-01 08:00:00\t2025-09-01 08:00:00\n"
            )
        file.flush()
        cursor.execute("SET SESSION foreign_key_checks = 0, unique_checks = 0")
        cursor.execute(
            f"LOAD DATA LOCAL INFILE '{file.name}' INTO TABLE ticket_attachments "
            f"CHARACTER SET utf8mb4 ({columns}, updated_at)"
        )
        connection.commit()
        cursor.execute("ANALYZE TABLE ticket_attachments")
    return url


if __name__ == "__main__":
    sys.exit(main())
