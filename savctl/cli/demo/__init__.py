"""`savctl demo`."""

from savctl.cli.demo.commands import group

__all__ = ["group"]
