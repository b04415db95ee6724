"""`savctl sla`: importing its parts is what puts the commands into the group."""

from __future__ import annotations

from savctl.cli import sla_audit, sla_lists, sla_policy, sla_report, sla_show
from savctl.cli.sla_group import group

__all__ = ["group", "sla_audit", "sla_lists", "sla_policy", "sla_report", "sla_show"]
