"""A ticket as a page: what it is, who it is between, its SLA, and the parts asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from savctl.cli.framework.page import named, page, prose, section, title, when
from savctl.cli.views.conversation import conversation, file_line
from savctl.cli.views.history import history_lines, ids_in_history
from savctl.cli.views.html_text import readable
from savctl.cli.views.metadata import metadata_values
from savctl.cli.views.order import order_line
from savctl.cli.views.people import People, people
from savctl.cli.views.sla import clock_values
from savctl.cli.views.sla_explained import explanation_blocks
from savctl.domain.model.ticket import TICKET_COLUMNS, Ticket

if TYPE_CHECKING:
    from savctl.cli.framework.context import CommandContext
    from savctl.persistence.tickets.messages import Message
    from savctl.usecases.sla.views import SlaExplanation

_TIMES = ("created_at", "updated_at", "resolved_at", "closed_at")
_LABELS = {"user_id": "customer", "assigned_to": "agent", "order_id": "order"}
_ORDER_LINE = frozenset(("order", "order_check"))
_OWN_PLACE = frozenset(("ticket_number", "subject", "description", "metadata", *_TIMES))
_FIRST = ("status", "priority", "category", "user_id", "assigned_to", "order_id")
_COLUMNS = tuple(n for n in dict.fromkeys((*_FIRST, *TICKET_COLUMNS)) if n not in _OWN_PLACE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFacts:
    """What is read besides the ticket's row; the lists hold what `--with` asked for."""

    people: People
    is_vip: bool
    story: SlaExplanation | None
    messages: list[Message]
    files: list[dict[str, object]]


def ticket_page(call: CommandContext, ticket: Ticket, parts: Collection[str]) -> str:
    """The page of a ticket, with the parts of `--with` in their order."""
    found, now = _read(call, ticket, parts), call.clock()
    blocks = {
        "messages": section(
            f"Conversation ({len(found.messages)})",
            conversation(found.messages, found.files, found.people, now=now, inside=1),
        ),
        "attachments": section(
            f"Files ({len(found.files)})",
            (line for row in found.files for line in prose(file_line(row), inside=1)),
        ),
        "history": section(
            "History", history_lines(ticket.metadata.history, found.people, inside=1)
        ),
        "sla": section("SLA", *(explanation_blocks(found.story, inside=1) if found.story else ())),
    }
    return page(
        title(ticket.ticket_number, ticket.subject),
        named(_values(ticket, found, now), paint=call.paint),
        section("Description", prose(readable(ticket.description), inside=1)),
        *(blocks[part] for part in dict.fromkeys(parts)),
    )


def history_page(call: CommandContext, ticket: Ticket) -> str:
    """What happened to a ticket, whole."""
    entries = ticket.metadata.history
    lines = history_lines(entries, people(call.database, ids_in_history(entries)))
    return page(title(ticket.ticket_number, ticket.subject), lines)


def _read(call: CommandContext, ticket: Ticket, parts: Collection[str]) -> TicketFacts:
    from savctl.persistence.people.vips import Vips
    from savctl.persistence.tickets.messages import Messages
    from savctl.persistence.tickets.reads import attachments_of
    from savctl.usecases.sla.views import explain

    with call.database.reading() as connection:
        messages = Messages(connection).of_ticket(ticket.id) if "messages" in parts else []
        wants_files = not {"messages", "attachments"}.isdisjoint(parts)
        files = attachments_of(connection, ticket.id) if wants_files else []
        is_vip = Vips(connection).has(ticket.user_id)
    now, story = call.clock(), None
    if ticket.created_at is None or ticket.created_at <= now:  # else it is younger than --at
        policies = call.app.policies(store=False)
        story = explain(
            call.database, ticket.id, now=now, policies=policies, is_past=call.at is not None
        )
    ids = {ticket.user_id, ticket.assigned_to, *(m.sender_id for m in messages)}
    ids |= ids_in_history(ticket.metadata.history) if "history" in parts else set()
    return TicketFacts(
        people=people(call.database, ids),
        is_vip=is_vip,
        story=story,
        messages=messages,
        files=files,
    )


def _values(ticket: Ticket, found: TicketFacts, now: datetime) -> Iterator[tuple[str, object]]:
    entered = ticket.entered_status_at
    since = f" since {when(entered, now)}" if entered is not None else ""
    agent = ticket.assigned_to
    shown = {
        "status": f"{ticket.status}{since}",
        "user_id": found.people.addressed(ticket.user_id) + (", VIP" if found.is_vip else ""),
        "assigned_to": found.people.named(agent, role="agent") if agent is not None else "nobody",
        "order_id": order_line(ticket, now),
    }
    for name in _COLUMNS:
        yield _LABELS.get(name, name), shown.get(name, getattr(ticket, name))
    for name in _TIMES:
        yield name.removesuffix("_at"), when(getattr(ticket, name), now)
    if found.story is not None:
        yield from clock_values(found.story.seen)
    yield from metadata_values(
        {name: v for name, v in ticket.metadata.items() if name not in _ORDER_LINE}
    )
