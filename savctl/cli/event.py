"""`savctl event`: importing its parts is what puts the commands into the group."""

from __future__ import annotations

from savctl.cli import event_read, event_relay
from savctl.cli.event_group import group

__all__ = ["event_read", "event_relay", "group"]
