"""The key of pseudonyms that savctl makes for itself where none is configured (rules 16.8)."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, insert, select

from savctl.domain.privacy.erasure_keys import STORED_KEY, ErasureKeys
from savctl.persistence.schema.tables import meta

_NAME = "erasure_key"


def all_keys(connection: Connection, configured: ErasureKeys | None) -> ErasureKeys | None:
    """The configured keys and the stored one; None when there is neither."""
    stored = _stored(connection)
    if configured is not None:
        return configured.with_older({STORED_KEY: stored.encode()}) if stored else configured
    return ErasureKeys(STORED_KEY, {STORED_KEY: stored.encode()}) if stored else None


def made_keys(connection: Connection, configured: ErasureKeys | None) -> ErasureKeys:
    """The same; where there is neither, a random one is stored."""
    found = all_keys(connection, configured)
    if found is not None:
        return found
    made = secrets.token_hex(32)
    connection.execute(insert(meta).values(name=_NAME, value=made))
    return ErasureKeys(STORED_KEY, {STORED_KEY: made.encode()})


def _stored(connection: Connection) -> str | None:
    return connection.execute(select(meta.c.value).where(meta.c.name == _NAME)).scalar()
