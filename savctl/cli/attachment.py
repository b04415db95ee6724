"""`savctl attachment`: importing its parts is what puts the commands into the group."""

from __future__ import annotations

from savctl.cli import (
    attachment_add,
    attachment_change,
    attachment_orphans,
    attachment_read,
    attachment_verify,
)
from savctl.cli.attachment_group import group

__all__ = [
    "attachment_add",
    "attachment_change",
    "attachment_orphans",
    "attachment_read",
    "attachment_verify",
    "group",
]
