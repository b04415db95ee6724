"""Refused commands, counted (rules 12.6, 18.2)."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Connection

from savctl.persistence.metrics.totals import add_to_totals

REFUSALS_TOTAL = "savctl_refusals_total"
_WRITERS = 16  # who is refused may try as often as it likes, from many processes


class RefusalKind(StrEnum):
    """Why a command was refused."""

    ROLE = "role"
    TOKEN = "token"  # noqa: S105 - a word
    RATE = "rate"


def count_refusal(connection: Connection, kind: RefusalKind) -> None:
    """Raise the total by one."""
    add_to_totals(connection, {(REFUSALS_TOTAL, str(kind)): 1}, parts=_WRITERS)
