"""One piece of work for all who ask at once: what takes long does not pile up."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedWork(Generic[T]):
    """At most one runs and one waits; whoever asks gets one that began after the question."""

    def __init__(self, work: Callable[[], T], *, name: str) -> None:
        self._work = work
        self._lock = Lock()
        self._next: Future[T] | None = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)

    def ask(self, *, seconds: float) -> T:
        """The answer.

        Raises:
            TimeoutError: it takes longer; the work continues, and nobody begins a second one.
        """
        with self._lock:
            if self._next is None:
                self._next = self._executor.submit(self._run)
            mine = self._next
        try:
            return mine.result(timeout=seconds)
        except TooLate:
            if mine.done():  # the work itself failed so
                raise
            raise TimeoutError(f"no answer within {seconds} s") from None

    def close(self) -> None:
        """Begin nothing more."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> T:
        with self._lock:
            self._next = None  # who asks from now on may have seen something newer
        return self._work()
