"""Reasons in the audit: free text of whoever did it, maybe about the person."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, not_, select

from savctl.domain.model.json_text import encode
from savctl.domain.privacy.erasure import ERASED
from savctl.persistence.bulk import update_texts
from savctl.persistence.privacy.erasure.scope import Scope
from savctl.persistence.schema.tables import audit

_A = audit.c
_WITH_REASON: ColumnElement[bool] = and_(
    _A.entry.contains('"reason": "', autoescape=True),
    not_(_A.entry.contains(f'"reason": "{ERASED}"', autoescape=True)),
)


def count(connection: Connection, scope: Scope) -> int:
    """Entries about their tickets that have a reason still."""
    return scope.count(connection, audit, _WITH_REASON)


def erase_of(connection: Connection, ticket_ids: Sequence[int]) -> int:
    """Replace the reasons of these tickets' entries: the one change that the audit takes."""
    query = select(_A.id, _A.entry).where(_A.ticket_id.in_(ticket_ids), _WITH_REASON)
    rows = [(row.id, _without_reason(row.entry)) for row in connection.execute(query)]
    update_texts(connection, audit, "entry", rows)
    return len(rows)


def _without_reason(text: str) -> str:
    return encode({**json.loads(text), "reason": ERASED})
