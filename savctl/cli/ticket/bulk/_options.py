"""The options that bulk commands share: which tickets, the plan's file, the brake."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from savctl.cli.framework.params import MAX_LIMIT, whole
from savctl.domain.model.references import Reference
from savctl.domain.model.ticket_filter import TicketFilter
from savctl.errors import InvalidInput

BRAKE = 1_000

Stdin = Annotated[
    str | None, typer.Argument(metavar="[-]", help="- reads ids or JSON lines from stdin.")
]
All = Annotated[bool, typer.Option("--all", help="Every ticket there is.")]
PlanOut = Annotated[
    Path | None,
    typer.Option("--plan-out", metavar="FILE", help="Write the plan; change nothing."),
]
PlanFile = Annotated[
    Path | None,
    typer.Option("--plan", metavar="FILE", help="Carry out exactly this plan."),
]
MaxChanges = Annotated[
    int,
    typer.Option(
        "--max-changes",
        metavar="N",
        parser=whole("--max-changes", low=0, high=MAX_LIMIT),
        help="Change nothing when more tickets would change.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which tickets a bulk command is about, and what becomes of its plan."""

    wanted: TicketFilter
    stdin: str | None = None
    every: bool = False
    plan_out: Path | None = None
    plan: Path | None = None
    max_changes: int = BRAKE
    force: bool = False

    def require_one(self) -> None:
        """Pass when exactly one thing says which tickets are meant.

        Raises:
            InvalidInput: nothing does, or several things do.
        """
        if self.stdin not in {None, "-"}:
            raise InvalidInput(
                f"a bulk command takes filters or -, not {str(self.stdin)[:40]!r}",
                hint="Single commands take tickets: savctl ticket assign TKT… --to ID.",
            )
        is_filtered = self.wanted != TicketFilter()
        ways = (is_filtered, self.stdin == "-", self.every, self.plan is not None)
        if sum(ways) > 1:
            raise InvalidInput("give filters, - , --all or --plan FILE: one of them")
        if not any(ways):
            raise InvalidInput(
                "no tickets are chosen", hint="Add a filter such as --status open, or -, or --all."
            )
        if self.plan is not None and self.plan_out is not None:
            raise InvalidInput("--plan and --plan-out exclude each other")

    def as_json(self) -> object:
        """How the tickets were chosen, as the plan's header has it."""
        if self.every or self.stdin is not None:
            return "all" if self.every else "stdin"
        return filter_json(self.wanted)

    def references(self) -> list[Reference]:
        """What stdin names."""
        from savctl.cli.framework.ticket_refs import references

        return references(["-"])[0]


def filter_json(wanted: TicketFilter) -> dict[str, object]:
    """What is given of a filter, times as text."""
    from savctl.domain.clock import second_text

    found: dict[str, object] = {}
    for name in TicketFilter.__slots__:
        value = getattr(wanted, name)
        if value in (None, (), False):
            continue
        if name in {"since", "until"}:
            value = second_text(value)
        found[name] = list(map(str, value)) if isinstance(value, tuple) else value
    return found
