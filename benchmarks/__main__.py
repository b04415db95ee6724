"""Run the benchmarks one after the other: `python -m benchmarks [NAME …] [--full] [--keep]`.

Warns of each ratio that fell by more than a tenth against `benchmarks/baseline.json`.
"""

from __future__ import annotations

import argparse
import importlib
import sys

from benchmarks.framework import baseline

MEASURES = (  # in the order in which all of them run
    *("cli.start_up", "tickets.reads", "tickets.closing", "jobs.memory"),
    *("sla.sla_scan", "sla.whole_desk", "events.relay", "events.relay_close", "files.uploads"),
    *("tickets.exporting", "archive.archiving", "tickets.export_memory", "tickets.merging"),
    *("analytics.analytics", "database.ticket_writes", "files.orphans", "database.commit_tokens"),
    *("keys.rotating", "search.searching", "access.refusals", "tickets.bulk", "sync.syncing"),
    *("files.mirroring", "desk.watching", "metrics.scraping", "backup.backup", "privacy.erasing"),
)
NAMES = {measure.rpartition(".")[2]: f"benchmarks.{measure}" for measure in MEASURES}


def main() -> int:
    """Run those named, or all; answers 1 when a target was missed anywhere."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--full", action="store_true", help="the sizes of the promises")
    parser.add_argument("--keep", action="store_true", help="keep the ratios of this run")
    given = parser.parse_args()
    if unknown := set(given.names) - set(NAMES):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    words = ["--full"] if given.full else []
    missed = [
        name for name in given.names or NAMES if importlib.import_module(NAMES[name]).main(words)
    ]
    print(f"\nmissed a target: {', '.join(missed)}" if missed else "\nevery target was met")
    _compare("full" if given.full else "small", keep=given.keep)
    return 1 if missed else 0


def _compare(size: str, *, keep: bool) -> None:
    """Name what fell against the kept ratios; a warning only, because machines are busy."""
    now = baseline.noted()
    for line in baseline.fallen(now, baseline.kept(size)):
        print(f"warning: a ratio fell by more than {baseline.FALL:.0%}: {line}")
    if keep and now:
        baseline.keep(size, now)
        print(f"kept in {baseline.FILE.name}: {', '.join(sorted(now))}")


if __name__ == "__main__":
    sys.exit(main())
