"""A server's clock as one test sees it: every connection is told the time (`SET timestamp`)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event

from savctl.persistence.engine import Database


class DatabaseClock:
    """The clock of a MariaDB or MySQL server; it stands where it is put."""

    def __init__(self, database: Database, at: datetime) -> None:
        self.at = at
        event.listen(database.engine, "checkout", self._set)

    def advance(self, by: timedelta) -> None:
        """Step forward, or back."""
        self.at += by

    def _set(self, connection: Any, *_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET timestamp = {self.at.timestamp():.6f}")
