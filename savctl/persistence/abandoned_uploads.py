"""Uploads in parts that savctl began and that nobody ended: older stores tell of none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from savctl.persistence.engine import Database
from savctl.persistence.tables import uploads

_U = uploads.c
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Abandoned:
    """An upload; without `upload_id` the process died before it could write it down."""

    id: str
    key: str
    upload_id: str | None


def abandoned(database: Database, *, before: datetime) -> Iterator[Abandoned]:
    """The uploads begun before an instant, in order of their ids, page by page."""
    after = ""
    while True:
        query = (
            select(_U.id, _U.object_key, _U.upload_id)
            .where(_U.started_at < before, _U.id > after)
            .order_by(_U.id)
            .limit(_PAGE)
        )
        with database.reading() as connection:
            page = [Abandoned(*row) for row in connection.execute(query)]
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].id


def forget(connection: Connection, id_: str) -> None:
    """Take an upload out of the table."""
    connection.execute(delete(uploads).where(_U.id == id_))
