"""`savctl db size, optimize`."""

from __future__ import annotations

from savctl.cli.db import group
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome


@command(group, "size", timeless=True, examples=["savctl db size", "savctl db size -o json"])
def size(call: CommandContext) -> Answer:
    """Show the size of each table, largest first.

    Free space is shown as well.
    """
    from savctl.persistence.schema.maintenance import sizes

    rows = [
        {
            "table": one.name,
            "rows": one.rows,
            "data_bytes": one.data_bytes,
            "index_bytes": one.index_bytes,
            "free_bytes": one.free_bytes,
            "free_percent": one.free_percent,
        }
        for one in sizes(call.database)
    ]
    return Answer(rows=rows, columns=tuple(rows[0]) if rows else (), key="table")


@command(
    group,
    "optimize",
    writes=True,
    examples=["savctl db optimize --dry-run", "savctl db optimize"],
)
def optimize(call: CommandContext) -> Answer | Outcome | None:
    """Run the job db-optimize now.

    It analyzes every table and rebuilds those with much free space.
    """
    from savctl.cli.job.running import by_name

    return by_name(call, "db-optimize")
