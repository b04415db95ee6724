"""Indexes for lists in order of time, of one category, and for reports, on tables savctl made.

MySQL and MariaDB build them while others write: seconds for a million tickets. In an adopted
database this revision does nothing: `db adopt` and `db indexes` print the statements.
"""

from __future__ import annotations

from collections.abc import Mapping

from alembic import context

from savctl.persistence.schema.migration_guard import create_indexes, drop_indexes

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_INDEXES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "support_tickets": {
        "savctl_tickets_created_at_index": ("created_at", "id"),
        "savctl_tickets_updated_at_index": ("updated_at", "id"),
        "savctl_tickets_category_index": ("category", "id"),
        "savctl_tickets_closed_at_index": ("closed_at", "created_at"),
    },
    "ticket_messages": {
        "savctl_messages_sender_type_created_at_index": ("sender_type", "created_at"),
    },
}


def upgrade() -> None:
    """Make the indexes that are not there yet, unless the tables are another program's."""
    if context.config.attributes.get("service_tables") == "adopted":
        return
    for table, indexes in _INDEXES.items():
        create_indexes(table, indexes)


def downgrade() -> None:
    """Drop them; lists and reports are slower then."""
    if context.config.attributes.get("service_tables") != "created":
        return
    for table, indexes in _INDEXES.items():
        drop_indexes(table, indexes)
