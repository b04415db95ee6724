"""`savctl job`."""

from savctl.cli.job.commands import group

__all__ = ["group"]
