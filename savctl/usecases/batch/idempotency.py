"""Idempotency keys: the same key and input give the first answer again (command line, 1.12)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from savctl.domain import text
from savctl.domain.clock import second_text
from savctl.persistence.unit_of_work import UnitOfWork


class IdempotencyKey:
    """A request that may come twice; without a key it does nothing."""

    def __init__(self, key: str | None, *, command: str, given: Mapping[str, object]) -> None:
        # spaces around it: to the servers "k" and "k " are one key, to SQLite two
        self._key = text.line("idempotency key", key.strip()) if key is not None else None
        self._command = command
        self._given = given

    def previous(self, uow: UnitOfWork) -> Any:
        """The first answer to this request, or None.

        Raises:
            Refused: the key was used for another request.
        """
        if self._key is None:
            return None
        return uow.answers.find(self._key, command=self._command, given=self._given)

    def store(self, uow: UnitOfWork, answer: Mapping[str, object], *, at: datetime) -> None:
        """Keep the answer in the transaction of the change."""
        if self._key is not None:
            plain = json.loads(json.dumps(dict(answer), default=_plain))
            uow.answers.store(
                self._key, command=self._command, given=self._given, answer=plain, at=at
            )


def _plain(value: object) -> str:
    return second_text(value) if isinstance(value, datetime) else str(value)
