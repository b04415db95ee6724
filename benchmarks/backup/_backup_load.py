"""Load a backup into a schema and do nothing else: the part of a restore that the server works at.

usage: python -m benchmarks.backup._backup_load ID SCHEMA
"""

from __future__ import annotations

import sys

from savctl.bootstrap import App
from savctl.config import from_environment
from savctl.usecases.backup import catalog
from savctl.usecases.backup.scratch import load_schema


def main() -> None:
    """Load it."""
    backup_id, schema = sys.argv[1:]
    app = App(from_environment())
    load_schema(app.backups, catalog.find(app.backup_place, backup_id), schema)
    app.close()


if __name__ == "__main__":
    main()
