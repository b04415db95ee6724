"""`savctl ticket`: importing its parts is what puts the commands into the group."""

from __future__ import annotations

from savctl.cli import importing, ticket_create, ticket_merge, ticket_move, ticket_read
from savctl.cli.ticket_group import group

__all__ = ["group", "importing", "ticket_create", "ticket_merge", "ticket_move", "ticket_read"]
