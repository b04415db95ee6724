"""Reports of jobs, whose items name tickets (the report's JSON keeps its form)."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Table, select, update

from savctl.domain.model.json_text import encode
from savctl.domain.privacy.erasure import ERASED
from savctl.persistence.paging import pages
from savctl.persistence.privacy.erasure.scope import Scope
from savctl.persistence.schema.tables import archived_tickets, reports, runs, support_tickets

_PAGE = 500
_PLACES: tuple[tuple[Table, Column[Any], Callable[[Any], str]], ...] = (
    (runs, runs.c.report, lambda report: json.dumps(report, ensure_ascii=False)),
    (reports, reports.c.body, encode),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedReport:
    """A report without the reasons of some tickets, and how many those were."""

    table: str
    id: int
    text: str
    items: int


def own_ids(connection: Connection, scope: Scope) -> frozenset[int]:
    """The person's tickets, here, in the archive, and gone."""
    archived = select(archived_tickets.c.ticket_id)
    archived = archived.where(archived_tickets.c.user_id == scope.user_id)
    here = connection.execute(scope.own(support_tickets.c.id)).scalars()
    return scope.gone | {*here, *connection.execute(archived).scalars()}


def changed(connection: Connection, ticket_ids: Collection[int]) -> Iterator[list[ChangedReport]]:
    """The reports that have a reason of one of these tickets, page by page."""
    if not ticket_ids:
        return
    for table, column, spell in _PLACES:

        def read(
            after: int, count: int, table: Table = table, column: Column[Any] = column
        ) -> Sequence[Any]:
            query = select(table.c.id, column.label("text")).where(
                table.c.id > after, column.contains('"reason": "', autoescape=True)
            )
            return connection.execute(query.order_by(table.c.id).limit(count)).all()

        for page in pages(read, lambda row: int(row.id), after=0, size=_PAGE):
            found = [one for row in page if (one := _without(table.name, row, ticket_ids, spell))]
            if found:
                yield found


def write(connection: Connection, page: Collection[ChangedReport]) -> None:
    """Store them."""
    for one in page:
        table, column, _ = next(place for place in _PLACES if place[0].name == one.table)
        values = {column.name: one.text}
        connection.execute(update(table).where(table.c.id == one.id).values(**values))


def _without(
    table: str, row: Any, ticket_ids: Collection[int], spell: Callable[[Any], str]
) -> ChangedReport | None:
    report = json.loads(row.text)
    items = report.get("items") if isinstance(report, dict) else None
    count = 0
    for item in items if isinstance(items, list) else []:
        if not isinstance(item, dict) or item.get("reason") in {None, ERASED}:
            continue
        named = item.get("ticket_id", item.get("id"))
        if isinstance(named, int) and named in ticket_ids:
            item["reason"] = ERASED
            count += 1
    return (
        ChangedReport(table=table, id=row.id, text=spell(report), items=count) if count else None
    )
