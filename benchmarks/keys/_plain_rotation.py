"""The floor under `keys rotate`: the same values decrypted and encrypted in a loop, and written.

It looks for nothing, locks nothing beforehand and decides nothing. What it works on is in memory;
the driver alone writes the same rows with the same statements, in the same batches.
"""

from __future__ import annotations

import re
import sqlite3
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from contextlib import closing
from os import urandom
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.framework.load import plain_connection
from savctl.domain.encryption.keys import KeyRing

_VALUE = re.compile(r'"(\w+)": "savctl:enc:1:([^":]+):([^"]+)"')
_ARMS = 100  # as savctl has them
_AUDIT = "INSERT INTO savctl_audit (at, actor, action, entry) VALUES ({0}, {0}, {0}, {0})"

Rows = Sequence[tuple[int, str]]


def rotate(url: str, keys: KeyRing, size: int) -> float:
    """Every value to the current key; answers the seconds it took, without the reading."""
    is_sqlite = url.startswith("sqlite")
    connection: Any = (
        sqlite3.connect(url.removeprefix("sqlite:///")) if is_sqlite else plain_connection(url)
    )
    mark = "?" if is_sqlite else "%s"
    with closing(connection), closing(connection.cursor()) as cursor:
        cursor.execute("SELECT id, metadata FROM support_tickets ORDER BY id")
        rows: Rows = list(cursor.fetchall())
        connection.commit()
        ciphers = {kid: AESGCM(key) for kid, key in keys.keys.items()}
        started = time.perf_counter()
        for start in range(0, len(rows), size):
            batch = [
                (ticket_id, _rotated(ticket_id, text, ciphers, keys.current))
                for ticket_id, text in rows[start : start + size]
            ]
            for first in range(0, len(batch), _ARMS):
                _update(cursor, batch[first : first + _ARMS], mark)
            entry = '{"key": "K", "tickets": 1000, "first": 1}'
            at = "2025-10-03 10:30:00"
            cursor.execute(_AUDIT.format(mark), (at, None, "keys_rotate", entry))
            connection.commit()
        if is_sqlite:
            connection.isolation_level = None
            for words in (
                "PRAGMA secure_delete = ON",
                "VACUUM",
                "PRAGMA wal_checkpoint(TRUNCATE)",
            ):
                cursor.execute(words)
        return time.perf_counter() - started


def _rotated(ticket_id: int, text: str, ciphers: dict[str, AESGCM], current: str) -> str:
    def anew(found: re.Match[str]) -> str:
        name, kid, sealed = found[1], found[2], found[3]
        place = f"support_tickets:{ticket_id}:metadata.{name}".encode()
        raw = urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        value = ciphers[kid].decrypt(raw[:12], raw[12:], place)
        nonce = urandom(12)
        made = nonce + ciphers[current].encrypt(nonce, value, place)
        coded = urlsafe_b64encode(made).rstrip(b"=").decode()
        return f'"{name}": "savctl:enc:1:{current}:{coded}"'

    return _VALUE.sub(anew, text)


def _update(cursor: Any, batch: Rows, mark: str) -> None:
    arms = f"CASE id {f'WHEN {mark} THEN {mark} ' * len(batch)}END"
    if mark == "%s":
        arms = f"CONVERT({arms} USING utf8mb4)"
    places = ", ".join([mark] * len(batch))
    values: list[object] = []
    for ticket_id, text in batch:
        values += (ticket_id, text if mark == "?" else text.encode())
    cursor.execute(
        f"UPDATE support_tickets SET metadata = {arms} WHERE id IN ({places})",
        [*values, *(ticket_id for ticket_id, _ in batch)],
    )
