"""`savctl agent`."""

from __future__ import annotations

from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer

group = new_group("Show agents and their workload.")


@command(group, "workload", examples=["savctl agent workload"])
def workload(call: CommandContext) -> Answer:
    """Count tickets by agent and status, the busiest first."""
    from savctl.persistence.people.workload import by_agent

    with call.database.reading() as connection:
        return Answer(rows=by_agent(connection), key="agent_id", noun="agents")


@command(group, "list", examples=["savctl agent list", "savctl agent list -o ids"])
def list_(call: CommandContext) -> Answer:
    """List the agents who hold or held tickets."""
    from savctl.persistence.people.workload import by_agent

    with call.database.reading() as connection:
        rows = sorted(by_agent(connection), key=lambda row: str(row["agent_id"]).zfill(20))
    return Answer(rows=rows, columns=("agent_id", "name", "active"), key="agent_id", noun="agents")
