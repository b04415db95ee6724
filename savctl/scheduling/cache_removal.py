"""Removing entries of the service's cache beside the relay (rules 19.5).

In a scheduler a thread of its own does it every second, because events must not wait for a cache
that is away. A relay that sends once and ends removes once.
"""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from random import random
from threading import Event, Thread

from savctl.domain.events.backoff import pause
from savctl.errors import SavError
from savctl.ports.ticket_cache import TicketCache
from savctl.scheduling.job import Context
from savctl.usecases.events.cache_removal import PAUSE, SETTLE, remove_cached

_log = logging.getLogger("savctl.cache")
_LONGEST_JOIN_SECONDS = 5.0
_SOURCE = "the ticket cache"


@contextmanager
def removing_cached(context: Context) -> Iterator[None]:
    """Remove entries of changed tickets while the block runs; without a cache do nothing."""
    if context.settings.ticket_cache_url is None:
        yield
        return
    remover = _Remover(context)
    if context.run_until is None:
        try:
            yield
        finally:
            remover.once()
        return
    with remover.at_work():
        yield


class _Remover:
    """What removes; its troubles are reported once and never end the relay."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._cache: TicketCache | None = None
        self._failures = 0
        self._over = Event()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """A thread that looks again and again until the block ends."""
        fields = contextvars.copy_context()  # of the log: the job and its run
        thread = Thread(target=fields.run, args=(self._work,), name="ticket cache", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join(_LONGEST_JOIN_SECONDS)

    def once(self) -> None:
        """Remove what waits."""
        try:
            if self._cache is None:
                self._cache = self._context.ticket_cache()
            if self._cache is not None:
                remove_cached(self._context.database, self._cache, should_stop=self._over.is_set)
        except SavError as problem:
            self._failures += 1
            self._context.troubles.report(
                _SOURCE,
                f"{problem.message}. {problem.hint or ''}".rstrip(),
                by=_SOURCE,
                event="cache_trouble",
                level=logging.WARNING,
                log=_log,
            )
        else:
            self._failures = 0
            self._context.troubles.settle(_SOURCE, event="cache_recovered", log=_log)

    def _work(self) -> None:
        while not self._over.is_set():
            self.once()
            wait = (
                PAUSE if not self._failures else pause(self._failures, longest=SETTLE, draw=random)
            )
            self._over.wait(wait.total_seconds())
