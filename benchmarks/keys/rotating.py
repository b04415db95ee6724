"""How fast `keys rotate` is, how much memory it takes, and what is left when it is killed.

On a private MariaDB that has every commit on the disk before it answers, and on SQLite. The floor
decrypts and encrypts the same values in a loop and writes them with the same statements; both
run by turns, each on its own database. Memory is that of `savctl keys rotate` over few tickets
and over all of them. Then four writers change tickets while it is killed five times.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.framework.baseline import note_ratio
from benchmarks.framework.figures import Table, cores, finish, say
from benchmarks.framework.processes import run
from benchmarks.framework.servers import durable_server
from benchmarks.keys import _plain_rotation
from benchmarks.keys._rotation_killed import KILLS, WRITERS, killed
from benchmarks.keys._secret_rows import lost_or_plain, plant
from savctl.adapters.keys import KeysFile
from savctl.domain.encryption.codec import MetadataCodec
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from savctl.runtime import end_start_up
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.encryption.rotating import rotate_keys

RATIO_TARGET, MEMORY_TARGET_MB = 0.5, 20
BATCH = 1_000
_SMALL, _FULL = 10_000, 200_000
New = Callable[[], str]  # the address of an empty database


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.keys.rotating", description=__doc__
    )
    parser.add_argument("--tickets", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["mariadb", "sqlite"], help="default: both")
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    given = parser.parse_args(words)
    end_start_up()  # garbage is looked for as in a command
    tickets = given.tickets or (_FULL if given.full else _SMALL)
    table = Table(
        f"keys rotate: {tickets:,} tickets with three values each, batches of {BATCH:,}, "
        f"{cores()} cores",
        ("database", "what", "figure", "target"),
    )
    for name, new in _databases(given.only):
        _ratio(table, name, new, tickets, given.rounds)
        _memory(table, name, new, tickets)
        _kills(table, name, new, tickets)
    table.show()
    return finish([table])


def _databases(only: str | None) -> Iterator[tuple[str, New]]:
    if only != "sqlite":
        with durable_server() as server:
            numbers = iter(range(100))
            yield server.name, lambda: server.create_database(f"rotating{next(numbers)}")
    if only != "mariadb":
        with tempfile.TemporaryDirectory(prefix="savctl-rotating-") as folder:
            files = iter(range(100))
            yield "SQLite", lambda: f"sqlite:///{folder}/{next(files)}.db"


def _ratio(table: Table, name: str, new: New, tickets: int, rounds: int) -> None:
    """Both by turns, from key to key; the first round is a warm-up."""
    job, floor = new(), new()
    pairs: list[tuple[float, float]] = []
    with _keys() as keys:
        for url in (job, floor):
            say(f"{name}: {tickets:,} tickets with three values each")
            plant(url, tickets, keys)
        for number in range(rounds + 1):
            KeysFile(keys).add(f"R{number}")
            by_turns = (_rotate, _plain) if number % 2 else (_plain, _rotate)
            took = {work: work(job if work is _rotate else floor, keys) for work in by_turns}
            if number:
                pairs.append((took[_rotate], took[_plain]))
                say(f"{name}: {tickets / took[_rotate]:,.0f} tickets a second")
        _require_whole(job, keys)
    rate, plain = (statistics.median(side) for side in zip(*pairs, strict=True))
    table.add(name, "tickets a second", f"{tickets / rate:,.0f}", "", is_met=None)
    table.add(name, "the floor", f"{tickets / plain:,.0f}", "", is_met=None)
    ratio = statistics.median(plain / rotated for rotated, plain in pairs)
    note_ratio(f"rotating, {name.split(maxsplit=1)[0].lower()}", ratio)
    is_met = ratio >= RATIO_TARGET
    table.add(name, "ratio to the floor", f"{ratio:.2f}", f">= {RATIO_TARGET}", is_met=is_met)


def _rotate(url: str, keys: Path) -> float:
    database = Database(url)
    database.codec = MetadataCodec(keys=KeysFile(keys).keys)
    terms = BatchContext(report=BatchReport(), size=BATCH)
    with database.reading():  # the floor is connected by now, too
        pass
    started = time.perf_counter()
    rotate_keys(database, system_clock, by=None, terms=terms)
    seconds = time.perf_counter() - started
    database.close()
    return seconds


def _plain(url: str, keys: Path) -> float:
    return _plain_rotation.rotate(url, KeysFile(keys).keys(), BATCH)


def _memory(table: Table, name: str, new: New, tickets: int) -> None:
    """The process over a tenth of the tickets, and over all of them."""
    peaks = []
    for size in (tickets // 10, tickets):
        url = new()
        with _keys() as keys:
            plant(url, size, keys)
            KeysFile(keys).add("K2")
            say(f"{name}: savctl keys rotate of {size:,} tickets")
            done = run(("keys", "rotate", "--quiet"), _environment(url, keys))
            if done.code:
                sys.exit(f"keys rotate ended with {done.code}:\n{done.text[-2000:]}")
            _require_whole(url, keys)
        peaks.append(done.peak_mb)
        table.add(name, f"MB for {size:,} tickets", f"{done.peak_mb:.1f}", "", is_met=None)
    more = peaks[1] - peaks[0]
    target = f"< {MEMORY_TARGET_MB}"
    table.add(name, "MB more", f"{more:.1f}", target, is_met=more < MEMORY_TARGET_MB)


def _kills(table: Table, name: str, new: New, tickets: int) -> None:
    """Killed again and again while others write; a seventh of the tickets is plain at first."""
    url = new()
    with _keys() as keys:
        plant(url, tickets, keys, plain_every=7)
        KeysFile(keys).add("K2")
        say(f"{name}: killed {KILLS} times while {WRITERS} writers work")
        ended = killed(url, keys, _environment(url, keys), tickets)
        wrong = list(lost_or_plain(url, keys, ended.edited))
    what = f"wrong after {ended.hits} kills at work, {ended.edits:,} edits meanwhile"
    is_met = not wrong and ended.hits == KILLS
    table.add(name, what, f"{len(wrong)}", f"0, {KILLS} kills", is_met=is_met)
    table.notes += [f"{name}: {one}" for one in wrong[:10]]


def _environment(url: str, keys: Path) -> dict[str, str]:
    home = str(keys.with_name("home"))
    return {"SAVCTL_DATABASE_URL": url, "SAVCTL_KEYS_FILE": str(keys), "SAVCTL_HOME": home}


def _require_whole(url: str, keys: Path) -> None:
    if wrong := list(lost_or_plain(url, keys, {})):
        sys.exit(f"{len(wrong)} things are wrong after a rotation; the first: {wrong[0]}")


@contextmanager
def _keys() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="savctl-keys-") as folder:
        keys = Path(folder) / "keys"
        KeysFile(keys).add("K1")
        yield keys


if __name__ == "__main__":
    sys.exit(main())
