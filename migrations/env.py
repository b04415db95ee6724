"""Runs the revisions on the connection that `savctl db` hands over."""

from __future__ import annotations

from alembic import context

from savctl.persistence.tables import VERSION_TABLE, metadata


def _is_ours(name: str | None, kind: str, _: object) -> bool:
    """Other programs' tables are neither compared nor ever proposed for dropping."""
    return kind != "table" or name in metadata.tables


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    include_name=_is_ours,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
