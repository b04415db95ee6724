"""The filters that `ticket list` and `export tickets` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli._call import Call
from savctl.cli._choices import each_of
from savctl.cli._values import agent_id, whole
from savctl.domain.priority import Priority
from savctl.domain.states import Status
from savctl.domain.text import line

if TYPE_CHECKING:
    from savctl.persistence.reads import TicketFilter

StatusOf = Annotated[list[str] | None, typer.Option("--status", help="One or more.")]
PriorityOf = Annotated[list[str] | None, typer.Option("--priority", help="One or more.")]
UserOf = Annotated[
    int | None, typer.Option("--user", metavar="ID", parser=whole("--user"), help="Customer.")
]
AgentOf = Annotated[str | None, typer.Option("--agent", metavar="ID|none", help="Who holds it.")]
OrderOf = Annotated[int | None, typer.Option("--order", metavar="ID", parser=whole("--order"))]
CategoryOf = Annotated[str | None, typer.Option("--category")]
TagOf = Annotated[str | None, typer.Option("--tag")]
Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="Created at or after.")]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Created before.")]
Breached = Annotated[bool, typer.Option("--breached", help="With an SLA breach.")]


def filter_of(
    call: Call,
    *,
    status: list[str] | None,
    priority: list[str] | None,
    user: int | None,
    agent: str | None,
    order: int | None,
    category: str | None,
    tag: str | None,
    since: str | None,
    until: str | None,
    breached: bool,
) -> TicketFilter:
    """The tickets that the options ask for."""
    from savctl.persistence.reads import TicketFilter

    return TicketFilter(
        statuses=each_of("status", status, Status),
        priorities=each_of("priority", priority, Priority),
        user_id=user,
        agent_id=agent_id(agent),
        is_unassigned=agent == "none",
        order_id=order,
        category=line("category", category) if category is not None else None,
        tag=line("tag", tag) if tag is not None else None,
        since=call.moment("since", since),
        until=call.moment("until", until),
        is_breached=breached,
    )
