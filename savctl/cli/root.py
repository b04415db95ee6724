"""The root group: knows every group's name and help line, imports one only when it is used."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import typer
from typer.core import TyperCommand

from savctl.cli.framework.words.tree import BranchGroup

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


class LazyGroup(BranchGroup):
    """A group whose commands are stubs until one is used; help and completion need no more."""

    registry = REGISTRY
    more_names = ("help",)

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._only_names = False
        for name, (_, line) in self.registry.items():
            self.commands[name] = TyperCommand(name, help=line, rich_markup_mode=None)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The words; `help COMMAND` is `COMMAND --help`, and explains topics as well."""
        if args[:1] == ["help"]:
            from savctl.cli.framework.words.topics import TOPICS

            topic = TOPICS.get(" ".join(args[1:]))
            if topic is not None:
                typer.echo(topic(), nl=False)
                raise typer.Exit
            args = [*args[1:], "--help"]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        """The groups in the order of the table."""
        return list(self.commands)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command itself, imported now; its stub while only names are asked for."""
        if self._only_names or cmd_name not in self.registry:
            return self.commands.get(cmd_name)
        return _load(cmd_name, self.registry[cmd_name][0])

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Help of the root, without importing any group."""
        self._only_names = True
        super().format_help(ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Where the rest of the help is."""
        formatter.write(_MORE_HELP)


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

_MORE_HELP = """
Exit codes: 0 done, 1 bug, 2 usage, 3 done in part, 4 not found, 5 refused,
  6 not confirmed, 7 not permitted, 8 unavailable, 9 already running, 10 findings

More help:
  savctl help COMMAND      one command, as savctl COMMAND --help
  savctl help options      the options that every command takes
  savctl help exit-codes   what each exit code means
"""
