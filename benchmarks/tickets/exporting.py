"""How fast tickets are exported, against plain SELECT + JSON of the same rows.

`export tickets --with messages` and the floor write the same lines into a file, by turns, from
one private MariaDB. What they wrote is compared, line for line, as JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

from benchmarks.framework.baseline import note_ratio
from benchmarks.framework.figures import Table, cores, finish, say
from benchmarks.framework.kept_databases import shop
from benchmarks.tickets import _plain_export
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from savctl.usecases.batch.atomic_file import new_file
from savctl.usecases.tickets.exporting import ExportRun, export_tickets

TARGET = 0.5
_SMALL, _FULL = 20_000, 100_000


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and answer 1 when the target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tickets.exporting", description=__doc__
    )
    parser.add_argument("--tickets", type=int, help=f"default {_SMALL:,}; --full: {_FULL:,}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="the size of the promise")
    given = parser.parse_args(words)
    tickets = given.tickets or (_FULL if given.full else _SMALL)
    with shop("mariadb", tickets) as kept, tempfile.TemporaryDirectory() as folder:
        table = Table(
            f"export: {kept.tickets:,} tickets with {kept.messages:,} messages as JSON lines, "
            f"{kept.name}, {cores()} cores",
            ("round", "export/s", "floor/s", "ratio", "target"),
        )
        ratios = _rounds(table, kept.url, tickets, given.rounds, Path(folder))
        middle = statistics.median(ratios)
        note_ratio("export", middle)
        table.add("median", "", "", middle, f">= {TARGET}", is_met=middle >= TARGET)
    table.show()
    return finish([table])


def _rounds(table: Table, url: str, tickets: int, count: int, folder: Path) -> list[float]:
    """The rounds' ratios; the first round is a warm-up, in which the files are compared."""
    ours, plain = folder / "ours.jsonl", folder / "plain.jsonl"
    ratios = []
    for number in range(count + 1):
        if number % 2:
            export, floor = _export(url, ours), _plain_export.write(url, plain)
        else:
            floor, export = _plain_export.write(url, plain), _export(url, ours)
        if not number:
            _require_same(ours, plain, tickets)
            continue
        say(f"export {tickets / export:,.0f}/s, floor {tickets / floor:,.0f}/s")
        ratios.append(floor / export)
        figures = (round(tickets / export), round(tickets / floor), ratios[-1])
        table.add(number, *figures, "", is_met=None)
    return ratios


def _export(url: str, path: Path) -> float:
    """The whole of the command: synced, on record, under its name."""
    database = Database(url)
    started = time.perf_counter()
    with new_file(path, overwrite=True) as file:
        run = ExportRun(form="jsonl", parts=("messages",), by=None)
        export_tickets(database, system_clock, run, file)
    seconds = time.perf_counter() - started
    database.close()
    return seconds


def _require_same(ours: Path, plain: Path, tickets: int) -> None:
    seen = 0
    with ours.open(encoding="utf-8") as one, plain.open(encoding="utf-8") as other:
        for here, there in zip_longest(one, other, fillvalue="null"):
            seen += 1
            if json.loads(here) != json.loads(there):
                sys.exit(f"the export and the floor differ in line {seen}")
    if seen != tickets:
        sys.exit(f"{seen} lines for {tickets} tickets")


if __name__ == "__main__":
    sys.exit(main())
