"""The root group: knows every group's name and help line, imports one only when it is used."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import typer

from savctl.cli.framework.words.tree import BranchGroup
from savctl.cli.groups import HELP, MORE_HELP, REGISTRY, help_page


class LazyGroup(BranchGroup):
    """A group whose commands are imported when one is used; help needs their lines alone."""

    registry = REGISTRY
    more_names = ("help",)

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
        return list(self.registry)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command itself, imported now; None for a name that there is not."""
        if cmd_name not in self.registry:
            return None
        return _load(cmd_name, self.registry[cmd_name][0])

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Help of the root, without importing any group."""
        formatter.write(help_page(formatter.width))

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Where the rest of the help is."""
        formatter.write(MORE_HELP)


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

    @app.callback(help=HELP)
    def savctl() -> None:
        pass

    return typer.main.get_command(app)
