"""The floor under taking messages in: pika takes them, PyMySQL writes the same rows."""

from __future__ import annotations

import json
import time
from collections import Counter
from contextlib import closing
from secrets import token_hex
from typing import Any

import pika

from benchmarks.framework.load import plain_connection

BATCH = 50
_QUEUES = ("sav.users", "sav.orders")
_INBOX = "INSERT IGNORE INTO savctl_inbox (message_key, batch, queue, received_at) VALUES "
_STATE = "INSERT INTO savctl_sync_state (kind, subject, as_of, is_deleted, changed_at) VALUES "
_STATE_END = " ON DUPLICATE KEY UPDATE as_of = GREATEST(as_of, VALUES(as_of))"
_USERS = "INSERT INTO users (id, email, firstname, lastname) VALUES "
_USERS_END = " ON DUPLICATE KEY UPDATE email = VALUES(email)"
_TOTALS = "INSERT INTO savctl_totals (name, labels, part, value) VALUES "
_TOTALS_END = " ON DUPLICATE KEY UPDATE value = value + VALUES(value)"
_TOKENS = "INSERT INTO savctl_commits (token, is_stored, created_at) VALUES "
_AT = "2025-10-03 10:30:00"
_Row = tuple[Any, ...]


def consume(url: str, address: str, count: int) -> float:
    """Seconds until so many messages were taken, written and acknowledged."""
    started = time.perf_counter()
    connection = pika.BlockingConnection(pika.URLParameters(address))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=BATCH)
    waiting: list[tuple[int, str, str, bytes]] = []
    for queue in _QUEUES:
        channel.basic_consume(
            queue,
            lambda _, method, properties, body, queue=queue: waiting.append(
                (method.delivery_tag, queue, properties.message_id, body)
            ),
        )
    with closing(plain_connection(url)) as database:
        done = 0
        while done < count:
            connection.process_data_events(time_limit=1)
            while waiting:
                batch, waiting[:] = waiting[: 2 * BATCH], waiting[2 * BATCH :]
                _write(database, batch)
                channel.basic_ack(batch[-1][0], multiple=True)
                done += len(batch)
    connection.close()
    return time.perf_counter() - started


def _write(database: Any, batch: list[tuple[int, str, str, bytes]]) -> None:
    inbox: list[_Row] = [(name[:64], "b", queue, _AT) for _, queue, name, _ in batch]
    states: list[_Row] = []
    users: list[_Row] = []
    for _, _, _, body in batch:
        message = json.loads(body)
        data, at = message["data"], message["timestamp"][:19].replace("T", " ")
        if "email" in data:
            states.append(("user", str(data["user_id"]), at, 0, _AT))
            users.append((data["user_id"], data["email"], data["firstname"], data["lastname"]))
        else:
            states.append(("order", str(data["order_id"]), at, 0, _AT))
    queues = Counter(queue for _, queue, _, _ in batch)
    totals: list[_Row] = [("messages", json.dumps([queue]), 0, n) for queue, n in queues.items()]
    with database.cursor() as cursor:
        for start, rows, end in (
            (_INBOX, inbox, ""),
            (_STATE, states, _STATE_END),
            (_USERS, users, _USERS_END),
            (_TOTALS, totals, _TOTALS_END),
            (_TOKENS, [(token_hex(16), 1, _AT)], ""),
        ):
            if rows:
                marks = f"({', '.join(['%s'] * len(rows[0]))})"
                values = [value for row in rows for value in row]
                cursor.execute(start + ", ".join([marks] * len(rows)) + end, values)
    database.commit()
