"""`savctl version`."""

from __future__ import annotations

import platform
from importlib.metadata import version

from savctl import __version__
from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer

group = new_group("Show the versions of savctl and its parts.", is_command=True)

_PARTS = ("typer", "sqlalchemy", "pymysql", "alembic", "apscheduler")


@command(group, "version", timeless=True, examples=["savctl version", "savctl version -o json"])
def show_version(call: CommandContext) -> Answer:
    """Show the versions of savctl and its parts."""
    from savctl.commit import commit
    from savctl.persistence.schema.versions import HEAD

    row = {
        "savctl": __version__,
        "commit": commit(),
        "schema": HEAD,
        "python": platform.python_version(),
    }
    row |= {part: version(part) for part in _PARTS}
    return Answer(rows=[row], is_one=True, as_record=True, key="savctl")
