"""`savctl demo` alone: play the story and print a screenful about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from savctl.cli.demo.jobs import run_others, with_runner
from savctl.cli.demo.screen import closed_lines, env_line, fitted, queue_lines, when
from savctl.cli.demo.stage import Stage, program, stage
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer
from savctl.cli.framework.stderr.progress import watching
from savctl.domain.model.states import Status
from savctl.domain.tickets.closing import ClosingLimits

if TYPE_CHECKING:
    from savctl.demo.story import Luck, Script
    from savctl.usecases.replay.timed_jobs import TimedJob

_LOOKED_AT = 200  # of the newest tickets, for one to show


def play_shop(
    call: CommandContext,
    script: Script,
    *,
    limits: ClosingLimits,
    home: Path | None,
    configured: bool,
) -> Answer:
    """Play a story and answer with what happened."""
    from savctl.demo.people import SHOP
    from savctl.demo.story import play
    from savctl.demo.summary import summary

    story = f"{SHOP}, seed {script.seed}"
    with stage(call, home=home, configured=configured, story=story) as place:
        call.note(f"playing {script.months} months of {SHOP} …")
        app = place.app
        app.settings = replace(
            app.settings,
            auto_close_after=limits.silence,
            close_resolved_after=limits.confirmation,
        )
        jobs = with_runner(app, limits)
        length = (script.until - script.since).total_seconds()
        with watching(call, total=length, closes=False) as progress:
            luck = play(
                app.database,
                place.clock,
                script,
                jobs=jobs,
                policies=app.policies(store=True),
                on_step=lambda moment: progress.show(
                    f"playing {when(moment)}", done=(moment - script.since).total_seconds()
                ),
            )
        run_others(app)
        totals = summary(app.database)
        commands = _commands(place)
    row = {
        "shop": SHOP,
        "seed": script.seed,
        "since": script.since,
        "until": script.until,
        "database": place.place,
        **totals,
        "jobs": {job.name: {"runs": job.runs, "closed": job.changed} for job in jobs},
        "luck": _luck(luck),
        "next": commands,
    }
    return Answer(rows=[row], is_one=True, key="database", text=_screen(row, place, jobs))


def _luck(luck: Luck) -> list[str]:
    ill = luck.illness
    incidents = [
        (luck.outage_at, f"the payment page fails: {luck.outage_tickets} urgent tickets in 2 h"),
        (luck.recall_at, f"{luck.recalled} blinks red: {luck.recall_tickets} claims in 3 days"),
        (ill.since, f"agent {ill.agent} is ill until {when(ill.until)}; colleagues take over"),
    ]
    return [f"{when(moment)}  {what}" for moment, what in sorted(incidents)]


def _commands(place: Stage) -> list[str]:
    """What to type next; every ticket in it exists."""
    from savctl.domain.model.ticket_filter import TicketFilter
    from savctl.persistence.tickets.ticket_lists import list_tickets

    def newest(status: Status, *, messages: int = 0) -> str | None:
        found = list_tickets(
            place.app.database, TicketFilter(statuses=(status,)), limit=_LOOKED_AT
        )
        talks = (one for one in found if _messages(place, one.id) >= messages)
        return next((ticket.ticket_number for ticket in talks), None)

    name = program()
    commands = [f"{name} ticket list --status open,in_progress --sort -priority"]
    closed = newest(Status.CLOSED, messages=2)
    if closed is not None:
        commands.append(f"{name} ticket show {closed} --with messages,history")
    opened = newest(Status.OPEN)
    if opened is not None:
        commands.append(f"{name} ticket assign {opened} --to 101 --as 100")
        commands.append(f"{name} event list --ticket {opened}")
    return [
        *commands,
        f"{name} job run close-resolved --dry-run",
        f"{name} job history close-resolved",
    ]


def _messages(place: Stage, ticket_id: int) -> int:
    from savctl.persistence.tickets.messages import Messages

    with place.app.database.reading() as connection:
        return len(Messages(connection).of_ticket(ticket_id, limit=2))


def _screen(row: dict[str, Any], place: Stage, jobs: list[TimedJob]) -> str:
    runs = sum(job.runs for job in jobs)
    waiting = sum(row["outbox"].values())
    kinds = ", ".join(f"{count} {name}" for name, count in list(row["outbox"].items())[:2])
    lines = [
        f"{row['shop']}, {when(row['since'])} to {when(row['until'])}  (seed {row['seed']})",
        (
            f"{row['tickets']} tickets of {row['customers']} customers, {row['messages']} "
            f"messages, {row['changes']} changes; the timed jobs ran {runs} times."
        ),
        "",
        *closed_lines(row),
        "",
        *queue_lines(row),
        "",
        f"Outbox  {waiting} events wait, as a demo has no broker: {kinds}, …",
        "",
        "What went wrong",
        *(f"  {line}" for line in row["luck"]),
        "",
        f"Try it  (the database is {place.place})",
        *env_line(place.variable),
        *(f"  {line}" for line in row["next"]),
    ]
    return "\n".join(fitted(line) for line in lines)
