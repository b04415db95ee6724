"""Who must not be brought back: keyed pseudonyms of erased persons (rules 16.8)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from savctl.domain.privacy.erasure_keys import ErasureKeys
from savctl.persistence.privacy.erasure.keys import all_keys
from savctl.persistence.schema.tables import suppressions
from savctl.persistence.sql import chunks

_S = suppressions.c
_AT_ONCE = 500


def suppressed(
    connection: Connection, user_ids: Iterable[int], configured: ErasureKeys | None
) -> set[int]:
    """Those of these users who were erased; nobody where there is no suppression at all."""
    if connection.execute(select(_S.person).limit(1)).first() is None:
        return set()
    keys = all_keys(connection, configured)
    if keys is None:
        return set()
    by_pseudonym = {p: user for user in set(user_ids) for p in keys.pseudonyms(user)}
    found: set[int] = set()
    for some in chunks(by_pseudonym, _AT_ONCE):
        query = select(_S.person).where(_S.person.in_(some))
        found |= {by_pseudonym[person] for person in connection.execute(query).scalars()}
    return found


def suppress(
    connection: Connection, person: str, *, key_id: str, erasure_id: str, at: datetime
) -> None:
    """Let a person not be brought back from now on; once more changes nothing."""
    known = select(_S.person).where(_S.person == person)
    if connection.execute(known).first() is None:
        values = {"person": person, "key_id": key_id, "erasure_id": erasure_id, "since": at}
        connection.execute(insert(suppressions).values(**values))


def forgive(connection: Connection, persons: Collection[str]) -> bool:
    """Take a suppression back; False where there was none."""
    result = connection.execute(delete(suppressions).where(_S.person.in_(persons)))
    return bool(result.rowcount)
