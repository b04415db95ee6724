"""The root group: knows every group's name and help line, imports one only when it is used."""

from __future__ import annotations

import importlib
import os
from functools import cache
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

# name -> (module:attribute, help line); a test holds each line equal to the group's own.
REGISTRY: dict[str, tuple[str, str]] = {
    "ticket": ("savctl.cli.ticket:group", "Create, find, assign and move tickets."),
    "message": ("savctl.cli.message:group", "The conversation of a ticket."),
    "attachment": (
        "savctl.cli.attachment:group",
        "Files of tickets: safe in, safe out, nothing left over.",
    ),
    "agent": ("savctl.cli.agent:group", "Who works on what."),
    "user": ("savctl.cli.user:group", "Find customers and agents, and mark VIPs."),
    "sla": ("savctl.cli.sla:group", "What was promised, and what was kept."),
    "report": ("savctl.cli.report:group", "Reports: service levels, workload, volume."),
    "export": ("savctl.cli.export:group", "Data as files, for other programs."),
    "gdpr": (
        "savctl.cli.gdpr:group",
        "A person's data: find it, export it, hold what is evidence.",
    ),
    "archive": ("savctl.cli.archive:group", "Old tickets in cold storage."),
    "event": ("savctl.cli.event:group", "Events: the outbox, and its way to the broker."),
    "job": ("savctl.cli.job:group", "Run jobs and see what they did."),
    "scheduler": ("savctl.cli.scheduler:group", "Run every job at its time."),
    "db": ("savctl.cli.db:group", "The schema and the invariants of the data."),
    "doctor": ("savctl.cli.doctor:group", "Check everything savctl depends on."),
    "config": ("savctl.cli.config:group", "Settings, and where each came from."),
    "states": ("savctl.cli.states:group", "The state machine as savctl enforces it."),
    "demo": ("savctl.cli.demo:group", "A believable shop to try things on."),
    "completion": ("savctl.cli.completion:group", "Completion for your shell."),
    "version": ("savctl.cli.version:group", "Versions of savctl and its parts."),
}


class LazyGroup(TyperGroup):
    """A group whose commands are stubs until one is used; help and completion need no more."""

    registry = REGISTRY

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._only_names = False
        for name, (_, line) in self.registry.items():
            self.commands[name] = TyperCommand(name, help=line, rich_markup_mode=None)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command itself, imported now; its stub while only names are asked for."""
        if self._only_names or cmd_name not in self.registry:
            return self.commands.get(cmd_name)
        return _load(cmd_name, self.registry[cmd_name][0])

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Help of the root, without importing any group."""
        self._only_names = True
        super().format_help(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Names of the groups, without importing any."""
        self._only_names = True
        return super().shell_complete(ctx, incomplete)


@cache
def _load(name: str, place: str) -> Any:
    """A group, built once in a process: the tests run thousands of command lines in one."""
    module, attribute = place.split(":")
    group = typer.main.get_command(getattr(importlib.import_module(module), attribute))
    group.name = name
    return group


def root() -> Any:
    """The command that everything hangs on."""
    app = typer.Typer(
        cls=LazyGroup,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    if "_SAVCTL_COMPLETE" in os.environ:
        typer.completion.completion_init()  # type: ignore[attr-defined]

    @app.callback(help=_HELP)
    def savctl() -> None:
        pass

    return typer.main.get_command(app)


_HELP = """Operations for the SAV support service: tickets, jobs, events, checks.

\b
Examples:
  savctl demo
  savctl ticket list --status open,in_progress
  savctl ticket assign TKT-7K2M9QXA --to 10
  savctl job run auto-close --dry-run
"""
