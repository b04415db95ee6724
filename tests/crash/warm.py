"""Imported by the fork server alone: what every savctl would load, loaded once.

Groups, jobs and the parts behind them are loaded when they are first called, which takes a fork
150 ms of a core of 200; so a few commands are called here, on a database that nobody else sees.
"""

from __future__ import annotations

import gc
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path

from savctl.adapters.s3 import client
from savctl.cli.framework.run import run
from savctl.cli.groups import REGISTRY
from tests.servers.private import memory_folder

_JOBS = ("close-resolved", "archive", "retention", "event-relay", "sla-escalation")
_TICKET = ("ticket", "create", "--user", "456", "--subject", "s", "--description", "d")


@contextmanager
def _nothing_configured() -> Iterator[None]:
    """An environment that names nothing but an empty home; what is printed is read by nobody."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="savctl-warm-", dir=memory_folder()) as home:
        os.environ.clear()
        os.environ.update(
            {"SAVCTL_HOME": home, "HOME": home, "SAVCTL_STORAGE_URL": f"file://{home}/bucket"}
        )
        try:
            with (
                Path(os.devnull).open("w") as unread,
                redirect_stdout(unread),
                redirect_stderr(unread),
            ):
                yield
        finally:
            os.environ.clear()
            os.environ.update(before)
            tempfile.tempdir = None  # each fork finds its own, by its own environment


def _warm() -> None:
    client.new_client(client.S3Settings(bucket="none"), "http://127.0.0.1:1").close()
    for place, _ in REGISTRY.values():
        import_module(place.partition(":")[0])
    with _nothing_configured():
        for words in (_TICKET, ("ticket", "list"), *(("job", "run", n, "--yes") for n in _JOBS)):
            assert run(words) == 0, words
    assert threading.active_count() == 1, "a fork has one thread; another's locks stay locked"
    gc.collect()
    gc.freeze()  # else a fork's look for garbage copies every page


_warm()
