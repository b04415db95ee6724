"""The filters that `ticket list` and `export tickets` share, declared here once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from savctl.cli.framework.choices import each_of
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.params import agent_id, person, whole
from savctl.domain.model.person_refs import PersonReference
from savctl.domain.model.priority import Priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket_filter import TicketFilter
from savctl.domain.text import line

_Several = list[str] | None
_Word = str | None
_Id = int | None


def _one_or_more(values: Iterable[str]) -> str:
    return f"One or more of {', '.join(values)}."


FILTERS: tuple[tuple[str, Any, Any], ...] = (
    ("status", Annotated[_Several, typer.Option("--status", help=_one_or_more(Status))], None),
    (
        "priority",
        Annotated[_Several, typer.Option("--priority", help=_one_or_more(Priority))],
        None,
    ),
    (
        "user",
        Annotated[
            Any,  # a PersonReference
            typer.Option(
                "--user",
                metavar="USER",
                parser=person("--user"),
                help="Customer: user id or e-mail address.",
            ),
        ],
        None,
    ),
    (
        "agent",
        Annotated[_Word, typer.Option("--agent", metavar="ID|none", help="Who holds it.")],
        None,
    ),
    (
        "order",
        Annotated[
            _Id, typer.Option("--order", metavar="ID", parser=whole("--order"), help="Order.")
        ],
        None,
    ),
    ("category", Annotated[_Word, typer.Option("--category", help="Category.")], None),
    ("tag", Annotated[_Word, typer.Option("--tag", help="One of its tags.")], None),
    (
        "since",
        Annotated[_Word, typer.Option("--since", metavar="TIME", help="Created at or after.")],
        None,
    ),
    (
        "until",
        Annotated[_Word, typer.Option("--until", metavar="TIME", help="Created before.")],
        None,
    ),
    ("breached", Annotated[bool, typer.Option("--breached", help="With an SLA breach.")], False),
)


def filter_of(call: CommandContext, given: Mapping[str, Any]) -> TicketFilter:
    """The tickets that the options ask for."""
    agent, category, tag = given["agent"], given["category"], given["tag"]
    since, until = call.span(given["since"], given["until"])
    return TicketFilter(
        statuses=each_of("status", given["status"], Status),
        priorities=each_of("priority", given["priority"], Priority),
        user_id=_user_id(call, given["user"]),
        agent_id=agent_id(agent),
        is_unassigned=agent == "none",
        order_id=given["order"],
        category=line("category", category) if category is not None else None,
        tag=line("tag", tag) if tag is not None else None,
        since=since,
        until=until,
        is_breached=given["breached"],
    )


def _user_id(call: CommandContext, named: PersonReference | None) -> int | None:
    if not isinstance(named, str):
        return named
    from savctl.persistence.people.users import Users

    with call.database.reading() as connection:
        return Users(connection).id_of(named)
