"""A busy customer among others: tickets, messages, files, and what savctl keeps about them."""

from __future__ import annotations

import io
from contextlib import closing

from pymysql.cursors import Cursor

from benchmarks.framework.load import fill, migrate, plain_connection
from benchmarks.framework.shop import Shop
from savctl.ports import ObjectStore

PERSON = 456
MESSAGES_EACH = 4
FILE_BYTES = 2_000
_OWN = f"SELECT id FROM support_tickets WHERE user_id = {PERSON}"

_MESSAGES = (
    "INSERT INTO ticket_messages (ticket_id, sender_id, sender_type, message, is_internal, "
    "created_at, updated_at) SELECT id, {by}, '{side}', CONCAT('{number}: ', description), 0, "
    "created_at, updated_at FROM support_tickets"
)
# a file on two of five tickets, a reason on one of ten, an event that waits of one of fifty
_LEFT = (
    (
        "INSERT INTO ticket_attachments (ticket_id, original_name, filename, file_path, "
        "mime_type, file_size, created_at, updated_at) SELECT id, 'photo.png', 'photo.png', "
        "CONCAT('tickets/', id, '/', LPAD(HEX(id), 32, '0'), '.png'), 'image/png', "
        f"{FILE_BYTES}, created_at, created_at FROM support_tickets WHERE id DIV 10 % 5 < 2"
    ),
    (
        "INSERT INTO savctl_audit (at, actor, action, ticket_id, entry) SELECT created_at, 10, "
        """'status', id, CONCAT('{"from": "open", "to": "closed", "reason": ', """
        """IF(id DIV 10 % 10 = 0, '"as agreed"', 'null'), '}') FROM support_tickets"""
    ),
    (
        "INSERT INTO savctl_outbox (event_id, event, routing_key, ticket_id, envelope, "
        "occurred_at, published_at) SELECT UUID(), 'TicketCreated', 'sav.ticket.created', id, "
        """CONCAT('{"data": {"ticket_id": ', id, ', "user_id": ', user_id, '}}'), created_at, """
        "IF(id DIV 10 % 50 = 0, NULL, created_at) FROM support_tickets"
    ),
    (
        "INSERT INTO savctl_sla_alarms (ticket_id, looks_at, row_updated_at) "
        "SELECT id, NULL, updated_at FROM support_tickets"
    ),
)


def plant(url: str, tickets: int, others: int) -> list[int]:
    """So many tickets of the person, by turns of five with those of others; answers their ids."""
    migrate(url)
    fill(url, Shop(tickets + others, only="closed", talks=False))
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        own = f"UPDATE support_tickets SET user_id = {PERSON} WHERE id %% 10 < 5 ORDER BY id"
        cursor.execute(f"{own} LIMIT %s", (tickets,))
        for number in range(MESSAGES_EACH):
            side, by = ("agent", "assigned_to") if number % 2 else ("customer", "user_id")
            cursor.execute(_MESSAGES.format(by=by, side=side, number=number))
        for statement in _LEFT:
            cursor.execute(statement)
        connection.commit()
        cursor.execute("ANALYZE TABLE ticket_messages, ticket_attachments, savctl_outbox")
        return _ids(cursor, _OWN)


def put_files(store: ObjectStore, url: str) -> int:
    """An object for each record of the person; answers how many."""
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT file_path FROM ticket_attachments WHERE ticket_id IN ({_OWN})")
        keys = [str(row[0]) for row in cursor.fetchall()]
    for key in keys:
        content = io.BytesIO(key.encode().ljust(FILE_BYTES))
        store.put(key, content, size_bytes=FILE_BYTES, content_type="image/png")
    return len(keys)


def left_of_person(url: str) -> int:
    """How many tickets of theirs are there."""
    with closing(plain_connection(url)) as connection, connection.cursor() as cursor:
        return len(_ids(cursor, _OWN))


def _ids(cursor: Cursor, query: str) -> list[int]:
    cursor.execute(query)
    return [int(row[0]) for row in cursor.fetchall()]
