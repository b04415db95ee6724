"""Answers kept by key, so that a repeated request changes nothing (command line, 1.12)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from savctl.domain.model.json_text import encode
from savctl.errors import Refused
from savctl.persistence.schema.tables import idempotency


class Answers:
    """The kept answers of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, key: str, *, command: str, given: Mapping[str, object]) -> Any:
        """The first answer to this key, or None.

        Raises:
            Refused: the key was used for another command or other input.
        """
        query = select(idempotency).where(idempotency.c.key == key)
        row = self._connection.execute(query).first()
        if row is None:
            return None
        if (row.command, row.input_digest) != (command, digest(given)):
            raise Refused(
                f"the idempotency key {key!r} was used for another request",
                hint="Use a new key for a new request.",
            )
        return json.loads(row.answer)

    def is_known(self, key: str) -> bool:
        """Whether an answer is kept under this key, whatever was asked."""
        query = select(idempotency.c.key).where(idempotency.c.key == key)
        return self._connection.execute(query).first() is not None

    def store(
        self, key: str, *, command: str, given: Mapping[str, object], answer: Any, at: datetime
    ) -> None:
        """Keep an answer; a concurrent request with the same key fails on the unique key."""
        values = {"key": key, "command": command, "input_digest": digest(given)}
        self._connection.execute(
            insert(idempotency).values(**values, answer=encode(answer), created_at=at)
        )


def digest(given: Mapping[str, object]) -> str:
    """What makes two requests the same request."""
    text = json.dumps(dict(given), sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
