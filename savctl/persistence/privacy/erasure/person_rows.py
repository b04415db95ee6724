"""Rows that name a person by id or by e-mail address."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Table, delete, func, or_, select

from savctl.persistence.schema.tables import cache, cache_locks, jobs, users


def email_of(connection: Connection, user_id: int) -> str | None:
    """Their e-mail address, where the copy of the account has one."""
    found = connection.execute(select(users.c.email).where(users.c.id == user_id)).scalar()
    return found or None


def names_of(connection: Connection, user_id: int) -> list[str]:
    """Address and names of the copy of the account."""
    query = select(users.c.email, users.c.firstname, users.c.lastname)
    row = connection.execute(query.where(users.c.id == user_id)).first()
    return [part for part in row or () if part]


def count_user(connection: Connection, user_id: int) -> int:
    """The copy of the account."""
    query = select(func.count()).select_from(users).where(users.c.id == user_id)
    return int(connection.execute(query).scalar_one())


def delete_user(connection: Connection, user_id: int) -> int:
    """Delete the copy of the account."""
    return int(connection.execute(delete(users).where(users.c.id == user_id)).rowcount)


def count_cached(connection: Connection, email: str | None) -> int:
    """Rows of the service's cache and its locks that hold an address."""
    if email is None:
        return 0
    queries = (
        select(func.count()).select_from(table).where(_holds(table, email))
        for table in (cache, cache_locks)
    )
    return sum(int(connection.execute(query).scalar_one()) for query in queries)


def delete_cached(connection: Connection, email: str | None) -> int:
    """Delete them."""
    if email is None:
        return 0
    gone = (connection.execute(delete(t).where(_holds(t, email))) for t in (cache, cache_locks))
    return sum(int(result.rowcount) for result in gone)


def count_queued(connection: Connection, email: str | None) -> int:
    """Jobs in the service's queue that hold an address."""
    if email is None:
        return 0
    query = select(func.count()).select_from(jobs)
    query = query.where(jobs.c.payload.contains(email, autoescape=True))
    return int(connection.execute(query).scalar_one())


def count_rows(connection: Connection, table: Table, user_id: int) -> int:
    """Rows of a table whose `user_id` is theirs."""
    query = select(func.count()).select_from(table).where(table.c.user_id == user_id)
    return int(connection.execute(query).scalar_one())


def delete_rows(connection: Connection, table: Table, user_id: int) -> int:
    """Delete them."""
    return int(connection.execute(delete(table).where(table.c.user_id == user_id)).rowcount)


def _holds(table: Table, email: str) -> ColumnElement[bool]:
    columns = [c for c in (table.c.key, table.c.get("value")) if c is not None]
    return or_(*(c.contains(email, autoescape=True) for c in columns))
