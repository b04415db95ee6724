"""Reports that jobs leave behind, as they were made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from savctl.domain.model.json_text import encode
from savctl.persistence.schema.tables import reports

_R = reports.c


def keep_report(
    connection: Connection,
    kind: str,
    body: Mapping[str, object],
    *,
    at: datetime,
    run_id: int | None,
) -> None:
    """Store a report."""
    values = {"kind": kind, "made_at": at, "run_id": run_id, "body": encode(dict(body))}
    connection.execute(insert(reports).values(**values))


def last_report(connection: Connection, kind: str) -> dict[str, Any] | None:
    """The newest report of a kind, None when there is none."""
    query = select(_R.body).where(_R.kind == kind).order_by(_R.id.desc()).limit(1)
    body = connection.execute(query).scalar()
    return None if body is None else dict(json.loads(body))


def delete_reports(connection: Connection, kind: str, *, before: datetime) -> int:
    """Forget reports of a kind that are older."""
    old = delete(reports).where(_R.kind == kind, _R.made_at < before)
    return int(connection.execute(old).rowcount)
