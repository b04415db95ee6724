"""The mirror of the bucket, for the commands that cannot do without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from savctl.cli.framework.context import CommandContext
from savctl.errors import ConfigurationError

if TYPE_CHECKING:
    from savctl.usecases.mirror.mirror import Mirror


def required_mirror(call: CommandContext) -> Mirror:
    """The mirror.

    Raises:
        ConfigurationError: none is configured.
    """
    mirror = call.app.mirror
    if mirror is None:
        raise ConfigurationError(
            "no mirror is configured",
            hint="Set SAVCTL_MIRROR_URL to s3://bucket/prefix or file:///folder.",
        )
    return mirror
