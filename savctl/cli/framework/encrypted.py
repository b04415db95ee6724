"""Encrypted values of metadata in what a command shows (rules 13.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from savctl.cli.framework.context import CommandContext

if TYPE_CHECKING:
    from savctl.domain.encryption.opened import Opened
    from savctl.domain.model.ticket import Ticket

_MOST_NAMED = 20  # tickets; a lost key would fill the terminal


def readable(call: CommandContext, ticket: Ticket) -> Ticket:
    """The ticket as it is shown: encrypted values of its metadata are decrypted."""
    opened = call.app.codec.decrypted(ticket.id, ticket.metadata)
    warn_of_unreadable(call, ticket.ticket_number, opened)
    return (
        ticket if opened.metadata is ticket.metadata else ticket.changed(metadata=opened.metadata)
    )


def warn_of_unreadable(call: CommandContext, number: str, opened: Opened) -> None:
    """Name the values that stayed encrypted, and once why there are no keys."""
    if not opened.unreadable:
        return
    call.unreadable_tickets += 1
    if call.unreadable_tickets > _MOST_NAMED:
        call.warn("more tickets have values that cannot be read: savctl keys status counts them")
        return
    from savctl.domain.encryption.keys import KeysUnusable

    if call.app.codec.is_configured:
        try:
            call.app.codec.keys()
        except KeysUnusable as problem:
            call.warn(f"encrypted values cannot be read: {problem.message}")
    by_reason: dict[str, list[str]] = {}
    for one in opened.unreadable:
        by_reason.setdefault(one.why, []).append(f"metadata.{one.path}")
    for why, paths in by_reason.items():
        call.warn(f"{number}: {', '.join(sorted(paths))} cannot be read: {why}")
