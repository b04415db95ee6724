"""`savctl demo`: a made-up shop, or a recorded log, under a moving clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome
from savctl.domain import times
from savctl.domain.tickets.closing import ClosingLimits
from savctl.errors import InvalidInput

group = new_group("Try savctl on a made-up shop.", is_command=True)

Span = Annotated[str | None, typer.Option(metavar="SPAN", help="Instead of the setting.")]


@command(
    group,
    "demo",
    asks=True,
    examples=[
        "savctl demo",
        "savctl demo --tickets 2000 --months 12 --seed 3",
        "savctl demo --replay helpdesk.csv --map helpdesk.toml --jobs off",
    ],
)
def demo(
    call: CommandContext,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another story.")] = 7,
    tickets: Annotated[
        int, typer.Option("--tickets", min=1, max=100_000, help="How many tickets.")
    ] = 400,
    months: Annotated[int, typer.Option("--months", min=1, max=60, help="How many months.")] = 4,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="When the story ends; else now.")
    ] = None,
    home: Annotated[
        Path | None, typer.Option("--home", metavar="DIR", help="Where the demo is kept.")
    ] = None,
    configured: Annotated[
        bool,
        typer.Option("--into-configured-database", help="Into the configured one, if empty."),
    ] = False,
    log: Annotated[
        Path | None, typer.Option("--replay", metavar="FILE", help="Play this event log instead.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="What the log's columns mean.")
    ] = None,
    form: Annotated[str | None, typer.Option("--format", help="csv or jsonl.")] = None,
    jobs: Annotated[
        str, typer.Option("--jobs", metavar="on|off|NAMES", help="Timed jobs of a replay.")
    ] = "on",
    bridge: Annotated[
        bool, typer.Option("--bridge", help="Replay with the legal steps in between.")
    ] = False,
    sweeps: Annotated[
        Path | None,
        typer.Option("--sweeps", metavar="FILE", help="Recorded times of close-resolved."),
    ] = None,
    auto_close_after: Span = None,
    close_resolved_after: Span = None,
) -> Answer | Outcome:
    """Try savctl on a made-up shop.

    Months of tickets are played through the real commands and jobs.

    The story goes into a database of its own (the answer names it), which the next demo
    replaces. With --replay a recorded log is played instead.
    """
    limits = ClosingLimits(
        silence=_span(auto_close_after, "auto-close-after", call.settings.auto_close_after),
        confirmation=_span(
            close_resolved_after, "close-resolved-after", call.settings.close_resolved_after
        ),
    )
    if log is not None:
        from savctl.cli.demo.replay import replay_log

        return replay_log(
            call,
            log,
            mapping=mapping,
            form=form,
            limits=limits,
            jobs=jobs,
            bridges=bridge,
            sweeps=sweeps,
            home=home,
            configured=configured,
        )
    if mapping is not None or sweeps is not None or bridge:
        raise InvalidInput("--map, --bridge and --sweeps go with --replay FILE")
    from savctl.cli.demo.shop import play_shop
    from savctl.demo.story import Script

    ends_at = _end(call, until)
    script = Script(seed=seed, tickets=tickets, months=months, until=ends_at)
    return play_shop(call, script, limits=limits, home=home, configured=configured)


def _span(given: str | None, name: str, default: timedelta) -> timedelta:
    if given is None:
        return default
    try:
        length = times.span(given)
    except InvalidInput as problem:
        raise InvalidInput(f"--{name}: {problem.message}", hint=problem.hint) from None
    if not length:
        raise InvalidInput(f"--{name} must be longer than 0")
    return length


def _end(call: CommandContext, until: str | None) -> datetime:
    now = call.clock()
    ends_at = call.moment("until", until) or now
    if ends_at > now:
        raise InvalidInput("--until is in the future: a demo ends in the past, or now")
    return ends_at.replace(microsecond=0)
