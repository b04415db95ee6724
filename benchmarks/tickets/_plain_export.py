"""The floor under `export tickets`: PyMySQL alone, keyset pages, json.dumps, a file.

It asks no rule, keeps no spelling of other programs' JSON, and neither syncs nor audits.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from pymysql.cursors import Cursor

from benchmarks.framework.load import plain_connection
from benchmarks.framework.shop import MESSAGE_COLUMNS, TICKET_COLUMNS

_PAGE = 1_000
_JSON_AT = TICKET_COLUMNS.index("metadata")
_INTERNAL_AT = MESSAGE_COLUMNS.index("is_internal")


def write(url: str, file: Path) -> float:
    """Write every ticket with its messages as JSON lines; answers the seconds it took."""
    last = 0
    started = time.perf_counter()
    with (
        closing(plain_connection(url)) as connection,
        connection.cursor() as cursor,
        file.open("w", encoding="utf-8") as out,
    ):
        while tickets := _tickets(cursor, last):
            stored_messages = _messages(cursor, [row[0] for row in tickets])
            for row in tickets:
                values = dict(zip(TICKET_COLUMNS, _plain(row), strict=True))
                values["metadata"] = json.loads(str(row[_JSON_AT])) if row[_JSON_AT] else {}
                values["messages"] = stored_messages[row[0]]
                out.write(json.dumps(values, ensure_ascii=False) + "\n")
            last = tickets[-1][0]
    return time.perf_counter() - started


def _tickets(cursor: Cursor, last: int) -> list[tuple[int, ...]]:
    cursor.execute(
        f"SELECT {', '.join(TICKET_COLUMNS)} FROM support_tickets WHERE id > %s "
        f"ORDER BY id LIMIT {_PAGE}",
        (last,),
    )
    return list(cursor.fetchall())


def _messages(cursor: Cursor, ids: list[int]) -> dict[int, list[dict[str, object]]]:
    places = ", ".join(["%s"] * len(ids))
    cursor.execute(
        f"SELECT {', '.join(MESSAGE_COLUMNS)} FROM ticket_messages WHERE ticket_id IN ({places}) "
        "ORDER BY ticket_id, created_at, id",
        ids,
    )
    found = defaultdict(list)
    for row in cursor.fetchall():
        values = dict(zip(MESSAGE_COLUMNS, _plain(row), strict=True))
        values["is_internal"] = bool(row[_INTERNAL_AT])
        found[row[1]].append(values)
    return found


def _plain(row: Iterable[object]) -> list[object]:
    return [
        value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value
        for value in row
    ]
