"""What is wrong, by its source: reported once when it begins, and once when it is really over.

Sources are the database, the bucket, the broker, the scanner and each job. One source may fail
under several parts of a process (two jobs need the bucket): it is well again only when each part
that reported it has come to its end since. That another source works is no evidence for it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from types import MappingProxyType

from savctl.errors import SavError, Unavailable
from savctl.ports import BrokerUnavailable, ScannerUnavailable, StoreUnavailable

_log = logging.getLogger("savctl.scheduler")
_NUMBERS = re.compile(r"\d+")
DATABASE = "the database"
NO_IDS: Mapping[str, object] = MappingProxyType({})
_DEPENDENCIES: tuple[tuple[type[SavError], str], ...] = (
    (StoreUnavailable, "the bucket"),
    (BrokerUnavailable, "the broker"),
    (ScannerUnavailable, "the scanner"),
)


def source_of(problem: SavError, job: str) -> str:
    """What failed under a job: something that others need as well, or the job itself."""
    for kind, source in _DEPENDENCIES:
        if isinstance(problem, kind):
            return source
    is_database = isinstance(problem, Unavailable) and "database" in problem.facts
    return DATABASE if is_database else job


@dataclass(slots=True)
class _Open:
    """A source in trouble: the report, and who has met it and not got past it."""

    messages: set[str] = field(default_factory=set)
    met_by: set[str] = field(default_factory=set)


class Troubles:
    """The open troubles of one process; its threads share it."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._lock = Lock()

    def report(
        self,
        source: str,
        message: str,
        *,
        by: str,
        event: str = "scheduler_trouble",
        level: int = logging.ERROR,
        log: logging.Logger = _log,
        bug: BaseException | None = None,
        ids: Mapping[str, object] = NO_IDS,
    ) -> None:
        """Report what is wrong with a source, unless it was reported already; numbers may differ.

        `by` is who met it, and will `settle` it; `bug` is logged with its traceback.
        """
        with self._lock:
            known = self._open.setdefault(source, _Open())
            alike = _NUMBERS.sub("#", message)
            is_news = alike not in known.messages
            known.messages.add(alike)
            known.met_by.add(by)
        extra = {"event": event, "source": source, **ids}
        log.log(level if is_news else logging.DEBUG, "%s", message, extra=extra, exc_info=bug)

    def is_open(self, source: str) -> bool:
        """Whether a source was reported and is not well again."""
        with self._lock:
            return source in self._open

    def settle(
        self,
        by: str,
        *,
        event: str = "scheduler_recovered",
        log: logging.Logger = _log,
        message: str | None = None,
    ) -> None:
        """Somebody got past all that he had met; what nobody else has met is over."""
        with self._lock:
            for trouble in self._open.values():
                trouble.met_by.discard(by)
            over = [source for source, trouble in self._open.items() if not trouble.met_by]
            for source in over:
                del self._open[source]
            is_all = not self._open
        for source in over:
            text = message or f"{source[:1].upper()}{source[1:]} works again."
            if message is None and is_all and source == over[-1]:
                text += " Every dependency works again."
            log.warning("%s", text, extra={"event": event, "source": source})
