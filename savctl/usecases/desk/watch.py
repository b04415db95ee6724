"""DeskReading the desk again and again, without ever waiting for the database.

A thread of its own reads, at most one at a time; whoever asks gets what is known, and since when
the database does not answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from savctl.errors import SavError
from savctl.usecases.desk.model import Desk
from savctl.usecases.desk.reader import DeskReader

_PATIENCE = timedelta(seconds=3)  # longer than that is no answer
_NO_ANSWER = "the database does not answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskReading:
    """What is known of the desk, and what is wrong with reading it.

    `problem_since` is when it first failed after it last went well; `cpu_seconds` is what the
    last reading cost this process.
    """

    desk: Desk | None = None
    problem: str | None = None
    problem_since: datetime | None = None
    cpu_seconds: float = 0.0


class DeskWatch:
    """The last reading, and the thread that makes the next one; `on_read` is called by it."""

    def __init__(self, reader: DeskReader, *, on_read: Callable[[], None] = lambda: None) -> None:
        self._reader = reader
        self._on_read = on_read
        self._last = DeskReading()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._started_at: datetime | None = None

    @property
    def latest(self) -> DeskReading:
        """What is known now; a reading that takes long counts as a problem."""
        with self._lock:
            last, started_at = self._last, self._started_at
        if started_at is None or last.problem is not None:
            return last
        if self._reader.clock() - started_at < _PATIENCE:
            return last
        return replace(last, problem=_NO_ANSWER, problem_since=started_at)

    @property
    def is_reading(self) -> bool:
        """Whether a reading is under way."""
        with self._lock:
            return self._thread is not None

    def start(self, *, everything: bool = False) -> threading.Thread:
        """Begin to read, unless a reading is under way; `everything` wakes parts that rest."""
        with self._lock:
            if self._thread is None:
                if everything:
                    self._reader.wake_all()
                self._started_at = self._reader.clock()
                self._thread = threading.Thread(target=self._work, daemon=True, name="desk")
                self._thread.start()
            return self._thread

    def _work(self) -> None:
        begun = time.thread_time()
        try:
            desk = self._reader.read(self._last.desk)
            done = DeskReading(desk=desk, cpu_seconds=time.thread_time() - begun)
        except SavError as problem:
            done = self._failed(problem.message)
        except Exception as bug:
            done = self._failed(f"{type(bug).__name__}: {bug}")
        with self._lock:
            self._last, self._thread, self._started_at = done, None, None
        self._on_read()

    def _failed(self, problem: str) -> DeskReading:
        since = self._last.problem_since or self._reader.clock()
        return replace(self._last, problem=problem, problem_since=since)
