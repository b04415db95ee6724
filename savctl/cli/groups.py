"""Every command group by its name, and the first page of help; Typer is not needed for it.

To import Typer takes four times as long as Python itself needs to start.
"""

from __future__ import annotations

import os
import sys

# name -> (module:attribute, help line); a test holds each line equal to the group's own.
REGISTRY: dict[str, tuple[str, str]] = {
    "ticket": ("savctl.cli.ticket:group", "Create, find, assign and move tickets."),
    "message": ("savctl.cli.message:group", "Add and read messages of tickets."),
    "attachment": (
        "savctl.cli.attachment:group",
        "Attach, fetch, check and restore files of tickets.",
    ),
    "agent": ("savctl.cli.agent:group", "Show agents and their workload."),
    "user": ("savctl.cli.user:group", "Find customers and agents, and mark VIPs."),
    "sla": ("savctl.cli.sla:group", "Show SLA clocks, targets and breaches."),
    "report": ("savctl.cli.report:group", "Reports: service levels, workload, volume."),
    "export": ("savctl.cli.export:group", "Write data to files for other programs."),
    "gdpr": (
        "savctl.cli.gdpr:group",
        "Find, export, hold and erase a person's data.",
    ),
    "archive": ("savctl.cli.archive:group", "Move old tickets to cold storage and back."),
    "event": ("savctl.cli.event:group", "Watch the outbox and send events to the broker."),
    "sync": ("savctl.cli.sync:group", "Take in users and orders of other services."),
    "audit": ("savctl.cli.audit:group", "Read the audit: what was done, by whom and when."),
    "job": ("savctl.cli.job:group", "Run jobs and see what they did."),
    "scheduler": ("savctl.cli.scheduler:group", "Run every job at its time."),
    "db": ("savctl.cli.db:group", "Create, check and maintain the database."),
    "backup": ("savctl.cli.backup:group", "Back the database up, prove it, restore it."),
    "keys": ("savctl.cli.keys:group", "Keys of encrypted values: count, rotate, generate."),
    "doctor": ("savctl.cli.doctor:group", "Check everything savctl depends on."),
    "top": ("savctl.cli.top:group", "Watch the desk on one screen."),
    "metrics": ("savctl.cli.metrics:group", "Print metrics for Prometheus."),
    "config": ("savctl.cli.config:group", "Show and check the settings."),
    "states": ("savctl.cli.states:group", "Show the state machine of tickets."),
    "demo": ("savctl.cli.demo:group", "Try savctl on a made-up shop."),
    "completion": ("savctl.cli.completion:group", "Print the completion script of a shell."),
    "version": ("savctl.cli.version:group", "Show the versions of savctl and its parts."),
}

HELP = """Operations for the SAV support service: tickets, jobs, events, checks.

\b
Examples:
  savctl demo
  savctl ticket list --status open,in_progress
  savctl ticket assign TKT-7K2M9QXA --to 10
  savctl job run auto-close --dry-run
"""

MORE_HELP = """
Exit codes: 0 done, 1 bug, 2 usage, 3 done in part, 4 not found, 5 refused,
  6 not confirmed, 7 not permitted, 8 unavailable, 9 already running, 10 findings

More help:
  savctl help COMMAND      one command, as savctl COMMAND --help
  savctl help options      the options that every command takes
  savctl help exit-codes   what each exit code means
"""

_FIRST, _INDENT = "Usage: savctl COMMAND [OPTIONS]", "  "


def help_page(width: int) -> str:
    """What `savctl --help` shows on lines of this many characters, laid out as Typer would."""
    about, examples = HELP.rstrip().split("\n\n\b\n")
    room = max(map(len, REGISTRY)) + 2
    lines = [_FIRST, "", *_wrapped(about, width - 2), ""]
    lines += [*examples.split("\n"), ""]
    lines = [f"{_INDENT}{line}" if line and line != _FIRST else line for line in lines]
    lines.append("Commands:")
    for name, (_, text) in REGISTRY.items():
        first, *more = _wrapped(text, width - room - 2)
        lines.append(f"{_INDENT}{name:{room}}{first}")
        lines += [f"{_INDENT}{'':{room}}{line}" for line in more]
    return "\n".join(lines) + f"\n{MORE_HELP}"


def page_width() -> int:
    """How many characters a line of help has, as Typer counts them: from 50 to 78."""
    try:
        columns = int(os.environ.get("COLUMNS", ""))
    except ValueError:
        columns = 0
    if columns <= 0:
        try:
            columns = os.get_terminal_size(sys.__stdout__.fileno()).columns  # type: ignore[union-attr]
        except (AttributeError, ValueError, OSError):
            columns = 80
    return max(min(columns or 80, 80) - 2, 50)


def _wrapped(text: str, width: int) -> list[str]:
    """The words in lines of at most so many characters."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
