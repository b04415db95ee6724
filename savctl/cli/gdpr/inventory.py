"""`savctl gdpr inventory`."""

from __future__ import annotations

from typing import Annotated

import typer

from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer
from savctl.cli.gdpr import group


@command(
    group,
    "inventory",
    timeless=True,
    examples=["savctl gdpr inventory", "savctl gdpr inventory --whose customer -o json"],
)
def inventory(
    call: CommandContext,
    whose: Annotated[
        str | None, typer.Option("--whose", help="customer, agent, other or nobody.")
    ] = None,
) -> Answer:
    """List every column and key that may be personal.

    Each row names whose data it is, why and how long it is kept, how it is erased and exported.
    """
    from savctl.cli.framework.choices import one_of
    from savctl.domain.privacy.inventory import INVENTORY, Whose

    wanted = one_of("whose", whose, tuple(Whose)) if whose is not None else None
    rows = (entry.as_row() for entry in INVENTORY if wanted is None or wanted in entry.whose)
    return Answer(rows=rows, columns=("place", "whose", "what", "exported"), key="place")
