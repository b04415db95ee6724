"""What messages of other services left of a person: their state, and messages set aside."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from savctl.persistence.schema.tables import dead_messages, sync_state

_S, _D = sync_state.c, dead_messages.c
_USER = "user"
_PAGE = 200


def count_state(connection: Connection, user_id: int) -> int:
    """The state under their id."""
    query = select(func.count()).select_from(sync_state)
    return int(connection.execute(query.where(*_is_theirs(user_id))).scalar_one())


def hash_state(connection: Connection, user_id: int, person: str) -> int:
    """Keep the state under their pseudonym, so that nothing older counts; answers how many."""
    hashed = (_S.kind == _USER, _S.subject == person)
    connection.execute(delete(sync_state).where(*hashed))
    changed = update(sync_state).where(*_is_theirs(user_id)).values(subject=person)
    return int(connection.execute(changed).rowcount)


def dead_about(connection: Connection, user_id: int, email: str | None) -> Iterator[int]:
    """Messages set aside that name their id or address; every body is looked at."""
    named = re.compile(rb'"user_id"\s*:\s*"?%d\b' % user_id)
    address = email.encode() if email else None
    after = 0
    while True:
        query = select(_D.id, _D.body).where(_D.id > after).order_by(_D.id).limit(_PAGE)
        page = connection.execute(query).all()
        if not page:
            return
        for row in page:
            body = row.body or b""
            if named.search(body) or (address is not None and address in body):
                yield row.id
        after = page[-1].id


def delete_dead(connection: Connection, ids: Collection[int]) -> int:
    """Forget such messages."""
    return int(connection.execute(delete(dead_messages).where(_D.id.in_(ids))).rowcount)


def _is_theirs(user_id: int) -> tuple[ColumnElement[bool], ...]:
    return (_S.kind == _USER, _S.subject == str(user_id))
