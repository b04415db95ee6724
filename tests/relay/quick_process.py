"""`savctl event relay --once` in a process that is there at once: a fork with all imported."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess

_IMPORTED = ("savctl.cli.main", "savctl.cli.event", "savctl.adapters.rabbitmq", "jobs.event_relay")
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([*_IMPORTED, __name__])


def relay(environment: Mapping[str, str]) -> ForkServerProcess:
    """Start it; it is a process like any other, and may be killed like one."""
    process = _context.Process(target=_relay, args=(dict(environment),))
    process.start()
    return process


def _relay(environment: dict[str, str]) -> None:
    from savctl.cli._run import run

    os.environ.clear()
    os.environ.update(environment)
    sys.exit(run(["event", "relay", "--once", "--quiet"]))
