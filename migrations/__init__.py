"""Alembic revisions. They touch only what savctl made; see `savctl db adopt` for the rest."""
