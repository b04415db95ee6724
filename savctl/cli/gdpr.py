"""`savctl gdpr`: importing its parts is what puts the commands into the group."""

from __future__ import annotations

from savctl.cli import gdpr_export, gdpr_find, gdpr_hold, gdpr_inventory
from savctl.cli.gdpr_group import group

__all__ = ["gdpr_export", "gdpr_find", "gdpr_hold", "gdpr_inventory", "group"]
