"""Answers kept by idempotency key that hold something of a person."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, delete, select

from savctl.persistence.paging import pages
from savctl.persistence.privacy.erasure.scope import Scope
from savctl.persistence.privacy.person import tickets_in
from savctl.persistence.schema.tables import archived_tickets, idempotency, support_tickets

_T, _A, _I = support_tickets.c, archived_tickets.c, idempotency.c
_PAGE = 1_000


def keys_of(connection: Connection, scope: Scope) -> Iterator[list[str]]:
    """The keys of such answers, page by page; every answer is read, there is no index."""

    def read(after: str, count: int) -> Sequence[Any]:
        query = select(_I.key, _I.command, _I.answer).where(_I.key > after)
        return connection.execute(query.order_by(_I.key).limit(count)).all()

    for page in pages(read, lambda row: row.key, after="", size=_PAGE):
        found = _of_person(connection, page, scope)
        if found:
            yield found


def delete_keys(connection: Connection, keys: Collection[str]) -> int:
    """Forget these answers."""
    return int(connection.execute(delete(idempotency).where(_I.key.in_(keys))).rowcount)


def _of_person(connection: Connection, page: Sequence[Any], scope: Scope) -> list[str]:
    answers = [(row.key, row.command, json.loads(row.answer)) for row in page]
    named = {key: tickets_in(command, answer) for key, command, answer in answers}
    wanted = set[int]().union(*named.values())
    own = (wanted & scope.gone) | _own(connection, wanted - scope.gone, scope)
    return [
        key
        for key, _, answer in answers
        if not own.isdisjoint(named[key]) or _sender(answer, scope.user_id)
    ]


def _sender(answer: Any, user_id: int) -> bool:
    """Whether it is a message that they wrote as a customer."""
    return (
        isinstance(answer, dict)
        and answer.get("sender_id") == user_id
        and answer.get("sender_type", "customer") == "customer"
    )


def _own(connection: Connection, wanted: set[int], scope: Scope) -> set[int]:
    if not wanted:
        return set()
    here = scope.own(_T.id).where(_T.id.in_(wanted))
    there = select(_A.ticket_id).where(_A.user_id == scope.user_id, _A.ticket_id.in_(wanted))
    return {*connection.execute(here).scalars(), *connection.execute(there).scalars()}
