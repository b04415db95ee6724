"""Connections to MySQL and MariaDB."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

from savctl.persistence import commit_tokens
from savctl.persistence.connections.waits import Waits
from savctl.persistence.driver_errors import leave_server

# Lists are in the order of one index and end after a page; servers like to read all of a second
# index first, to save rows that nobody asks for. Only MariaDB has, and reads, the second half.
_ONE_INDEX = "optimizer_switch='index_merge_intersection=off' /*M!100403 ',rowid_filter=off' */"

_LONGEST_TEXT = 2**26  # a page of tickets in one value; servers allow a thousand characters


def server_engine(url: URL, waits: Waits) -> Engine:
    """The connections to a server: UTC, utf8mb4, READ COMMITTED, no wait without an end."""
    settings = ", ".join(
        (
            "time_zone='+00:00'",
            f"innodb_lock_wait_timeout={waits.lock_wait_seconds}",
            f"lock_wait_timeout={waits.table_wait_seconds}",
            f"group_concat_max_len={_LONGEST_TEXT}",
            _ONE_INDEX,
        )
    )
    engine = create_engine(
        url.update_query_dict({"charset": "utf8mb4"}),
        isolation_level="READ COMMITTED",
        hide_parameters=True,  # they are customers' words, and errors are logged
        max_overflow=60,  # a scheduler runs every job in a thread of its own
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={
            # as the server's own client sends it; PyMySQL alone would take it for Latin-1
            "password": (url.password or "").encode(),
            "conv": _quick_conversions(),
            "init_command": f"SET SESSION {settings}",
            "connect_timeout": waits.connect_seconds,
            "read_timeout": waits.statement_seconds,
            "write_timeout": waits.statement_seconds,
        },
    )
    event.listen(engine, "after_cursor_execute", commit_tokens.note_write)
    event.listen(engine, "handle_error", leave_server)
    return engine


def _quick_conversions() -> dict[Any, Any]:
    """PyMySQL's conversions, with a quicker one for times: its own takes a regex for each."""
    from pymysql.constants import FIELD_TYPE
    from pymysql.converters import conversions, convert_datetime

    def to_datetime(text: str) -> Any:
        try:
            return datetime.fromisoformat(text)
        except ValueError:  # a zero date
            return convert_datetime(text)

    return {**conversions, FIELD_TYPE.DATETIME: to_datetime, FIELD_TYPE.TIMESTAMP: to_datetime}
