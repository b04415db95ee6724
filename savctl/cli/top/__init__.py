"""`savctl top`."""

from savctl.cli.top.commands import group

__all__ = ["group"]
