"""How far the SLA scan has looked for tickets that other programs made or changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from savctl.domain.clock import instant, micro_text
from savctl.persistence.bulk import insert_rows
from savctl.persistence.schema.tables import meta

_NAME = "sla_watch"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanCursor:
    """All active tickets were compared at `full_scan_at`, when `up_to_id` was the newest."""

    full_scan_at: datetime
    up_to_id: int


def read_watch(connection: Connection) -> ScanCursor | None:
    """How far it got; None when it never looked."""
    query = select(meta.c.value).where(meta.c.name == _NAME)
    at, _, up_to_id = (connection.execute(query).scalar() or "").partition(" ")
    full_scan_at = instant(at)
    if full_scan_at is None or not up_to_id.isdecimal():
        return None
    return ScanCursor(full_scan_at=full_scan_at, up_to_id=int(up_to_id))


def write_watch(connection: Connection, watch: ScanCursor) -> None:
    """Write down how far it got."""
    row = (_NAME, f"{micro_text(watch.full_scan_at)} {watch.up_to_id}")
    insert_rows(connection, meta, ("name", "value"), [row], replaces=True)
