"""Runs the revisions on the connection that `savctl db` hands over."""

from __future__ import annotations

from alembic import context

from savctl.persistence.schema.alembic_runner import is_ours
from savctl.persistence.schema.tables import REVISION_TABLE, metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=REVISION_TABLE,
    include_name=is_ours,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
