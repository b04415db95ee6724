"""`keys rotate` killed in the middle of its work, again and again, while others edit tickets."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.keys._secret_rows import WORD
from savctl.adapters.keys import KeysFile
from savctl.domain.encryption.codec import MetadataCodec
from savctl.persistence.engine import Database
from savctl.ports import system_clock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.creation import edit_ticket

KILLS, WRITERS = 5, 4
_BATCHES = "SELECT COUNT(*) FROM savctl_audit WHERE action = 'keys_rotate'"
_LOOK_EVERY, _LONGEST = 0.01, 600.0  # seconds


@dataclass(slots=True)
class Ended:
    """How many kills hit a rotation at work, and what was written meanwhile."""

    hits: int = 0
    edits: int = 0
    edited: dict[int, str] = field(default_factory=dict)


def killed(url: str, keys: Path, environment: Mapping[str, str], tickets: int) -> Ended:
    """Kill it after some of its batches, so often; then let it come to its end."""
    end, ended = threading.Event(), Ended()
    database = Database(url)
    database.codec = MetadataCodec(keys=KeysFile(keys).keys)
    done: list[dict[int, str]] = [{} for _ in range(WRITERS)]
    counts = [0] * WRITERS

    def write_on(place: int) -> None:
        number = place
        while not end.is_set():
            ticket_id = number * 7919 % tickets + 1
            if ticket_id % WRITERS == place:  # each has tickets of its own: the last edit is known
                email = f"{WORD}.{number}@example.com"
                edit_ticket(
                    Operation(database, system_clock), ticket_id, {}, meta={"email": email}
                )
                done[place][ticket_id] = email
                counts[place] += 1
            number += 1

    writers = [threading.Thread(target=write_on, args=(place,)) for place in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(KILLS):
            ended.hits += _killed_once(database, environment, tickets)
        subprocess.run(_command(), env={**os.environ, **environment}, check=True)
    finally:
        end.set()
        for writer in writers:
            writer.join()
    # what was written after the rotation had passed is encrypted by the current key as well
    for part in done:
        ended.edited |= part
    ended.edits = sum(counts)
    database.close()
    return ended


def _killed_once(database: Database, environment: Mapping[str, str], tickets: int) -> bool:
    before, least = _batches(database), max(1, tickets // 1_000 // (KILLS + 2))
    with subprocess.Popen(_command(), env={**os.environ, **environment}) as process:
        deadline = time.monotonic() + _LONGEST
        while process.poll() is None and time.monotonic() < deadline:
            if _batches(database) - before >= least:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(_LOOK_EVERY)
    return process.returncode == -signal.SIGKILL


def _batches(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.exec_driver_sql(_BATCHES).scalar_one())


def _command() -> list[str]:
    savctl = str(Path(sys.executable).with_name("savctl"))
    return [savctl, "keys", "rotate", "--quiet"]
