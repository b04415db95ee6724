"""Run the benchmarks one after the other: `python -m benchmarks [NAME …] [--full]`."""

from __future__ import annotations

import argparse
import importlib
import sys

NAMES = (
    *("start_up", "reads", "closing", "memory", "sla_scan", "whole_desk"),
    *("relay", "relay_close", "uploads", "exporting", "archiving", "export_memory", "merging"),
    "analytics",
    "ticket_writes",
    "orphans",
    *("commit_tokens", "rotating", "searching", "refusals", "bulk", "syncing", "mirroring"),
    *("watching", "scraping", "backup"),
)


def main() -> int:
    """Run those named, or all; answers 1 when a target was missed anywhere."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--full", action="store_true", help="the sizes of the promises")
    given = parser.parse_args()
    if unknown := set(given.names) - set(NAMES):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    words = ["--full"] if given.full else []
    missed = [
        name
        for name in given.names or NAMES
        if importlib.import_module(f"benchmarks.{name}").main(words)
    ]
    print(f"\nmissed a target: {', '.join(missed)}" if missed else "\nevery target was met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
