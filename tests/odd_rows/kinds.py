"""What a server without strict mode, or SQLite, has stored for another program: one kind a row.

Every kind is a change of a ticket, of its message or of its attachment, as SQL. It is applied to
one ticket in each status, so that every job meets it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

ZERO = "'0000-00-00 00:00:00'"
T, M, A = "support_tickets", "ticket_messages", "ticket_attachments"
HUGE = 18446744073709551615
BIG = 9223372036854775807


@dataclass(frozen=True, slots=True)
class Kind:
    """A table, what is set in it, and on which kind of database that can be; `stays_hot` when
    the archive must leave it alone."""

    table: str
    sets: str
    only: str | None = None
    stays_hot: bool = False


def _json(text: str) -> str:
    return "metadata = '" + text.replace("'", "''") + "'"


_ENTRY = '"at": "2025-01-01T00:00:00Z"'


def _odd_history() -> str:
    """Entries of the right shape whose values are not what they should be."""
    changes: tuple[tuple[str, object, object], ...] = (
        ("status", [], {}),
        ("priority", [], {}),
        ("assigned", "x", [1]),
    )
    entries = [
        {"at": "2025-01-01T00:00:00Z", "actor": 1, "action": action, "from": old, "to": new}
        for action, old, new in changes
    ]
    return json.dumps({"history": entries})


KINDS: tuple[Kind, ...] = (
    Kind(T, "priority = ''", stays_hot=True),
    Kind(T, "status = ''", stays_hot=True),
    Kind(T, f"created_at = {ZERO}", stays_hot=True),
    Kind(T, f"updated_at = {ZERO}", stays_hot=True),
    Kind(T, f"resolved_at = {ZERO}", stays_hot=True),
    Kind(T, f"closed_at = {ZERO}", stays_hot=True),
    Kind(T, "created_at = '2038-01-01 00:00:00'"),
    Kind(T, "created_at = '1970-01-01 00:00:01'"),
    Kind(T, "subject = ''"),
    Kind(T, "description = ''"),
    Kind(T, "category = ''"),
    Kind(T, "category = ' \t\n'"),
    Kind(T, "subject = '\x1b[31m\x07\u202e'"),
    Kind(T, "user_id = 0"),
    Kind(T, f"user_id = {BIG}"),
    Kind(T, f"user_id = {HUGE}", only="server"),
    Kind(T, "assigned_to = 0"),
    Kind(T, f"assigned_to = {HUGE}", only="server"),
    Kind(T, "order_id = 0"),
    Kind(T, f"order_id = {HUGE}", only="server"),
    Kind(T, "metadata = ''"),
    Kind(T, _json("null")),
    Kind(T, _json("[]")),
    Kind(T, _json("{")),
    Kind(T, _json("7")),
    Kind(T, _json("[" * 5000 + "]" * 5000)),
    Kind(T, _json('{"a": 1, "a": 2}')),
    Kind(T, _json('{"history": 5, "sla": [], "tags": 7, "merged_into": "x", "merged_from": 1}')),
    Kind(T, _json('{"history": [1, null, [], {"at": 5}, {"at": "x", "action": []}]}')),
    Kind(T, _json('{"history": [{' + _ENTRY + ', "actor": true, "action": "status"}]}')),
    Kind(T, _json(_odd_history())),
    Kind(
        T, _json('{"history": [{"at": "9999-12-31T23:59:59Z", "action": "status", "to": "open"}]}')
    ),
    Kind(T, _json('{"sla": {"promise": {"priority": ["x"], "policy": [], "since": 5}}}')),
    Kind(T, _json('{"sla": {"promise": {"priority": "high", "policy": "x", "since": "0000"}}}')),
    Kind(T, _json('{"sla": {"breaches": [5, {}, {"side": "x"}, {"side": "response", "at": 1}]}}')),
    Kind(T, _json('{"sla": {"breaches": {"a": 1}, "answered_at": "never"}}')),
    Kind(T, _json('{"tags": [["a"], {"b": 1}, null, true, 1e400]}')),
    Kind(T, _json('{"merged_into": {"ticket_id": 99999999999999999999999, "ticket_number": 5}}')),
    Kind(T, _json('{"merged_into": {"ticket_id": "5", "at": 5, "ticket_number": []}}')),
    Kind(T, _json('{"merged_from": [5, {"ticket_id": true}, {"ticket_id": -1e999}, {}]}')),
    Kind(T, _json('{"merged_from": [{"ticket_id": 99999999999999999999999}]}')),
    Kind(
        T,
        _json(
            '{"moved_messages": [5, {"ticket_id": 1, "messages": [99999999999999999999999, "x"],'
            ' "hidden": 5, "files": [99999999999999999999999], "description": {}}]}'
        ),
    ),
    Kind(T, _json('{"legal_hold": "yes"}'), stays_hot=True),
    Kind(T, _json('{"legal_hold": [{"at": 5, "reason": []}]}'), stays_hot=True),
    Kind(T, _json('{"follow_up_of": 5, "split_from": [], "imported": "x", "vip": {}}')),
    Kind(T, _json('{"priority_reasons": 5, "order_value": "x", "\\ud800": "\\ud800"}')),
    Kind(M, "sender_type = ''", stays_hot=True),
    Kind(M, "sender_id = 0"),
    Kind(M, f"sender_id = {HUGE}", only="server"),
    Kind(M, "message = ''"),
    Kind(M, "message = '\x1b]0;x\x07'"),
    Kind(M, "is_internal = 7"),
    Kind(M, "is_internal = -1"),
    Kind(M, f"read_at = {ZERO}", stays_hot=True),
    Kind(M, f"created_at = {ZERO}", stays_hot=True),
    Kind(M, f"updated_at = {ZERO}", stays_hot=True),
    Kind(M, "ticket_id = 999999"),
    Kind(A, "message_id = 999999", stays_hot=True),
    Kind(A, "ticket_id = 999999"),
    Kind(A, "original_name = ''"),
    Kind(A, "original_name = '../../x\x1b[2J'"),
    Kind(A, "filename = ''"),
    Kind(A, "file_path = ''"),
    Kind(A, "file_path = '../../etc/passwd'"),
    Kind(A, "mime_type = ''"),
    Kind(A, "mime_type = 'text/html\r\nX: y'"),
    Kind(A, "file_size = 4294967295"),
    Kind(A, f"created_at = {ZERO}", stays_hot=True),
    Kind(T, "user_id = 'abc'", only="sqlite"),
    Kind(T, "user_id = 1.5", only="sqlite"),
    Kind(T, "user_id = -3", only="sqlite"),
    Kind(T, "subject = x'ff00'", only="sqlite"),
    Kind(T, "subject = CAST(x'ff41' AS TEXT)", only="sqlite"),
    Kind(T, "description = 'a' || char(0) || 'b'", only="sqlite"),
    Kind(T, "metadata = x'7b7d'", only="sqlite"),
    Kind(T, "metadata = 5.5", only="sqlite"),
    Kind(T, "created_at = 5", only="sqlite"),
    Kind(T, "created_at = 'yesterday'", only="sqlite"),
    Kind(T, "created_at = '2025-01-01T00:00:00+02:00'", only="sqlite"),
    Kind(T, "closed_at = x'00'", only="sqlite"),
    Kind(T, "priority = 'High'", only="sqlite", stays_hot=True),
    Kind(T, "status = 'on_hold'", only="sqlite", stays_hot=True),
    Kind(M, "sender_type = 'bot'", only="sqlite", stays_hot=True),
    Kind(M, "message = x'ff'", only="sqlite"),
    Kind(M, "sender_id = 'x'", only="sqlite"),
    Kind(M, "is_internal = 'x'", only="sqlite"),
    Kind(M, "created_at = 'soon'", only="sqlite"),
    Kind(A, "file_size = 'big'", only="sqlite"),
    Kind(A, "file_size = -5", only="sqlite"),
)


def kinds_for(*, is_sqlite: bool) -> tuple[Kind, ...]:
    """Those that this kind of database can hold."""
    here = "sqlite" if is_sqlite else "server"
    return tuple(kind for kind in KINDS if kind.only in {None, here})
