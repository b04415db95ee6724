"""How a verb becomes a bulk command: its own options, and those that all of them share."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.files import Force
from savctl.cli.framework.output import Outcome
from savctl.cli.ticket.bulk import bulk
from savctl.cli.ticket.bulk._options import (
    BRAKE,
    All,
    Chosen,
    MaxChanges,
    PlanFile,
    PlanOut,
    Stdin,
)
from savctl.domain.model.ticket_filter import TicketFilter
from savctl.usecases.bulk.order import BulkOrder

# What a verb makes of its own options: what to do, or None where it was not given.
Orders = Callable[..., BulkOrder | None]

_SHARED: tuple[tuple[str, Any, Any], ...] = (
    ("stdin", Stdin, None),
    ("wanted", TicketFilter, inspect.Parameter.empty),
    ("every", All, False),
    ("plan_out", PlanOut, None),
    ("plan", PlanFile, None),
    ("max_changes", MaxChanges, BRAKE),
    ("force", Force, False),
)


def bulk_command(verb: str, *, examples: Sequence[str]) -> Callable[[Orders], Orders]:
    """Add a verb to `savctl ticket bulk`; the function's docstring is the command's help."""

    def decorate(orders: Orders) -> Orders:
        def body(call: CommandContext, **given: Any) -> Outcome:
            from savctl.cli.ticket.bulk._running import run_bulk

            chosen = Chosen(**{name: given.pop(name) for name, _, _ in _SHARED})
            return run_bulk(call, chosen, orders(**given), verb)

        own = inspect.signature(orders, eval_str=True).parameters.values()
        body.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                _keyword("call", CommandContext, inspect.Parameter.empty),
                *(each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own),
                *(_keyword(*each) for each in _SHARED),
            ]
        )
        body.__doc__, body.__name__ = orders.__doc__, orders.__name__
        command(bulk, verb, examples=examples, writes=True, asks=True, filters=True)(body)
        return orders

    return decorate


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, annotation=annotation, default=default)
