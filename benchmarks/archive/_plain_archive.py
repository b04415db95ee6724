"""The floor under `archive`: PyMySQL alone reads tickets with their messages, writes them as JSON
lines through zstandard into a file, and deletes them, a thousand tickets to a commit.

It checks nothing, reads nothing back, locks nothing beforehand and remembers nothing.
"""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

from pymysql.cursors import Cursor
from zstandard import ZstdCompressor

from benchmarks.framework.load import plain_connection
from benchmarks.framework.shop import MESSAGE_COLUMNS, TICKET_COLUMNS

_ATTACHMENTS = "SELECT * FROM ticket_attachments WHERE ticket_id IN ({})"
_BATCH = 1_000
_CUT = "2030-01-01"


def archive(url: str, folder: Path) -> tuple[int, float]:
    """Archive every ticket; answers how many, and the seconds."""
    count = 0
    started = time.perf_counter()
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        while tickets := _all(
            cursor,
            f"SELECT {', '.join(TICKET_COLUMNS)} FROM support_tickets WHERE status = 'closed' "
            f"AND closed_at < '{_CUT}' ORDER BY id LIMIT {_BATCH}",
        ):
            _batch(cursor, tickets, folder / f"{count:09d}.jsonl.zst")
            connection.commit()
            count += len(tickets)
    return count, time.perf_counter() - started


def _batch(cursor: Cursor, tickets: list[Any], file: Path) -> None:
    places = ", ".join(str(ticket[0]) for ticket in tickets)
    messages: dict[int, list[dict[str, Any]]] = defaultdict(list)
    query = (
        f"SELECT {', '.join(MESSAGE_COLUMNS)} FROM ticket_messages WHERE ticket_id IN ({places})"
    )
    for row in _all(cursor, query):
        messages[row[1]].append(dict(zip(MESSAGE_COLUMNS, row, strict=True)))
    _all(cursor, _ATTACHMENTS.format(places))
    with file.open("wb") as out, ZstdCompressor(level=3).stream_writer(out) as stream:
        for ticket in tickets:
            row = dict(zip(TICKET_COLUMNS, ticket, strict=True))
            row["metadata"] = json.loads(row["metadata"])
            line = {"ticket": row, "messages": messages[ticket[0]]}
            stream.write(json.dumps(line, ensure_ascii=False, default=str).encode() + b"\n")
        stream.flush()
        os.fsync(out.fileno())
    for table, column in (
        ("ticket_attachments", "ticket_id"),
        ("ticket_messages", "ticket_id"),
        ("support_tickets", "id"),
    ):
        cursor.execute(f"DELETE FROM {table} WHERE {column} IN ({places})")


def _all(cursor: Cursor, query: str) -> list[Any]:
    cursor.execute(query)
    return list(cursor.fetchall())
