"""The indexes of `savctl ticket search`, on tables that savctl made.

Writers wait on MySQL and MariaDB while they are built: minutes for millions of messages. In an
adopted database this revision does nothing: `db adopt` prints the statements.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from savctl.persistence.schema.migration_search import (
    INDEXED,
    create_statements,
    drop_statements,
    family_of,
    index_name,
)

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes that are not there yet, unless the tables are another program's."""
    if context.config.attributes.get("service_tables") == "adopted":
        return
    family = family_of(op.get_context().dialect)
    for table in INDEXED:
        if family == "sqlite":  # half made by a run that was killed: once more from the start
            _run(drop_statements(family, table))
        elif _is_there(table):
            continue
        _run(create_statements(family, table))


def downgrade() -> None:
    """Drop them; search then looks without an index."""
    if context.config.attributes.get("service_tables") != "created":
        return
    family = family_of(op.get_context().dialect)
    for table in INDEXED:
        if family == "sqlite" or context.is_offline_mode() or _is_there(table):
            _run(drop_statements(family, table))


def _run(statements: list[str]) -> None:
    for statement in statements:
        op.execute(sa.text(statement.replace(":", "\\:")))


def _is_there(table: str) -> bool:
    if context.is_offline_mode():
        return False
    indexes = sa.inspect(op.get_bind()).get_indexes(table)
    return index_name(table) in {str(index["name"]) for index in indexes}
