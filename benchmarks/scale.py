"""How every job, list and report grows with the desk: `make scale`, for docs/scale.md.

For each size a shop of three years on a private MariaDB is copied, every job runs once on the copy
at the shop's `NOW`, and every list and report is asked for, each as a process of its own. Prints
one line for each, ready for the page: seconds, the largest memory, and for jobs the tickets
changed. A job whose time grows faster than its work, or a list that grows at all, is what to
look at. Jobs that need a server of their own have benchmarks of their own.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.framework import kept_databases
from benchmarks.framework.figures import cores, say
from benchmarks.framework.processes import Ran, run, run_program
from benchmarks.framework.shop import NOW

SIZES = (10_000, 100_000, 1_000_000)
ELSEWHERE = {
    "event-relay": "relay",
    "sync-consume": "syncing",
    "bucket-mirror": "mirroring",
    "binlog-backup": "a server that writes binary logs",
}
JOBS = (
    *("sla-escalation", "sla-audit", "backup", "backup-verify", "close-resolved", "auto-close"),
    *("archive", "retention", "orphan-cleanup", "temp-cleanup", "attachment-purge"),
    *("cache-cleanup", "analytics-export", "reconcile", "erasure", "db-optimize"),
)
_SINCE = ("--since", "2025-09-01", "--until", "2025-10-01")
READS = (
    ("ticket", "show", "1"),
    ("ticket", "list"),
    ("ticket", "list", "--status", "open,in_progress", "--sort", "-priority"),
    ("ticket", "list", "--agent", "12", "--status", "in_progress"),
    ("ticket", "list", "--sort", "-updated_at"),
    ("ticket", "search", "parcel"),
    ("message", "unread"),
    ("agent", "workload"),
    ("report", "workload"),
    ("report", "sla", *_SINCE),
    ("report", "volume", *_SINCE),
    ("metrics",),
    ("doctor",),
    ("db", "check"),
    ("db", "size"),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement: what ran, how long, how much memory, and a job's counts."""

    name: str
    ran: Ran

    @property
    def cell(self) -> str:
        """`seconds s, MB`, and for a job the number of changes."""
        text = f"{self.ran.seconds:.1f} s, {self.ran.peak_mb:.0f} MB"
        counts = _counts(self.ran.text)
        return text if counts is None else f"{text}, {counts['changed']:,}"


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; answers 1 when something failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="TICKETS")
    given = parser.parse_args(words)
    columns = [list(_measured(size)) for size in given.sizes]
    for names in ([(name,) for name in JOBS], READS):
        _print(names, given.sizes, columns)
    failed = [one for column in columns for one in column if not _is_good(one)]
    for one in failed:
        print(f"\n{one.name} ended with {one.ran.code}:\n{one.ran.text[-1500:]}")
    return 1 if failed else 0


def _measured(size: int) -> Iterator[Figure]:
    with kept_databases.copied("mariadb", size) as kept, tempfile.TemporaryDirectory() as home:
        environment = {
            "SAVCTL_DATABASE_URL": kept.url,
            "SAVCTL_HOME": home,
            "SAVCTL_BACKUP_URL": f"file://{home}/backups",
        }
        Path(home, "backups").mkdir()
        for words in READS:  # first: the jobs change what they answer
            yield _reported(size, " ".join(words), _read(words, environment))
        for job in JOBS:
            ran = run_program([sys.executable, "-m", "benchmarks.jobs.job_at", job], environment)
            yield _reported(size, job, ran)


def _read(words: Sequence[str], environment: Mapping[str, str]) -> Ran:
    at = () if words[0] in {"doctor", "db", "metrics"} else ("--at", f"{NOW:%Y-%m-%dT%TZ}")
    return run([*words, *at], environment)


def _reported(size: int, name: str, ran: Ran) -> Figure:
    figure = Figure(name, ran)
    say(f"{size:,}: {name}: {figure.cell}")
    return figure


def _print(
    names: Sequence[Sequence[str]], sizes: Sequence[int], columns: Sequence[Sequence[Figure]]
) -> None:
    print(f"\n| {cores()} cores | " + " | ".join(f"{size:,}" for size in sizes) + " |")
    print("|---|" + "---|" * len(sizes))
    for words in names:
        name = " ".join(words)
        cells = [next(one.cell for one in column if one.name == name) for column in columns]
        print(f"| `{name}` | " + " | ".join(cells) + " |")
    sys.stdout.flush()


def _counts(text: str) -> Mapping[str, int] | None:
    """The counts of a job, which stand in its last line."""
    last = text.strip().rpartition("\n")[2]
    if not last.startswith('{"seen"'):
        return None
    counts: Mapping[str, int] = json.loads(last)
    return counts


def _is_good(figure: Figure) -> bool:
    """Whether it ended well; what examines the desk may find something."""
    return figure.ran.code in ({0, 10} if figure.name in {"doctor", "db check"} else {0})


if __name__ == "__main__":
    sys.exit(main())
