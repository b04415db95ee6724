"""savctl in a process that is there at once: a fork with all imported, killed like any other."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess

_IMPORTED = (
    "savctl.cli.main",
    "savctl.cli.job",
    "savctl.cli._job_run",
    "savctl.adapters.s3",
    "savctl.adapters.directory_store",
    "savctl.cli.attachment",
    "savctl.persistence.schema",
    "savctl.usecases.files.attaching",
    "jobs.attachment_purge",
    "jobs.orphan_cleanup",
)
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([*_IMPORTED, "tests.crash.warm", __name__])


def quick(environment: Mapping[str, str], *words: str) -> ForkServerProcess:
    """Start `savctl WORDS…`."""
    process = _context.Process(target=_run, args=(dict(environment), words))
    process.start()
    return process


def _run(environment: dict[str, str], words: tuple[str, ...]) -> None:
    from savctl.cli._run import run

    os.environ.clear()
    os.environ.update(environment)
    sys.exit(run(words))
