"""Two things at one instant through two nodes, and which of them the cluster took first."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from savctl.errors import SavError
from savctl.persistence.engine import Database

LONGEST_PAUSE_SECONDS = 0.02


class Racer:
    """One node and what was committed through it last; used by one thread at a time."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.seqno = 0
        event.listen(database.engine, "checkin", self._note)

    def _note(self, connection: Any, _: object) -> None:
        """The place of this session's last commit in the order of the cluster."""
        if connection is None:
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT WSREP_LAST_WRITTEN_GTID()")
            (found,) = cursor.fetchone()
        text = found.decode() if isinstance(found, bytes) else str(found)
        self.seqno = max(self.seqno, int(text.rpartition("-")[2]))


@contextmanager
def racers(nodes: Sequence[Database]) -> Iterator[Callable[..., tuple[bool, bool]]]:
    """What runs one thing on each of two threads at once, and answers which were accepted."""
    together = threading.Barrier(2)

    def start(work: Callable[[], object], pause: float) -> bool:
        together.wait()
        time.sleep(pause)
        try:
            work()
        except SavError as refused:
            if refused.exit_code == 8:
                raise
            return False
        return True

    with ThreadPoolExecutor(len(nodes)) as pool:

        def race(
            first: Callable[[], object], second: Callable[[], object], *, spread: bool = False
        ) -> tuple[bool, bool]:
            most = LONGEST_PAUSE_SECONDS if spread else 0.0
            pauses = (random.uniform(0, most), 0.0)
            both = [pool.submit(start, *one) for one in zip((first, second), pauses, strict=True)]
            return both[0].result(), both[1].result()

        yield race
