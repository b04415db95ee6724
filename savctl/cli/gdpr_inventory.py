"""`savctl gdpr inventory`."""

from __future__ import annotations

from typing import Annotated

import typer

from savctl.cli._call import Call
from savctl.cli._command import command
from savctl.cli._output import Answer
from savctl.cli.gdpr_group import group


@command(
    group,
    "inventory",
    examples=["savctl gdpr inventory", "savctl gdpr inventory --whose customer -o json"],
)
def inventory(
    call: Call,
    whose: Annotated[
        str | None, typer.Option("--whose", help="customer, agent, other or nobody.")
    ] = None,
) -> Answer:
    """Every column and key: whose data it is, why, how long, how it is erased and exported."""
    from savctl.cli._choices import one_of
    from savctl.domain.personal_data import INVENTORY, Whose

    wanted = one_of("whose", whose, tuple(Whose)) if whose is not None else None
    rows = (entry.as_row() for entry in INVENTORY if wanted is None or wanted in entry.whose)
    return Answer(rows=rows, columns=("place", "whose", "what", "exported"), key="place")
