"""The classes of commands and groups: where options may stand, how help looks."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from savctl.cli.framework.words.leading import leading
from savctl.cli.framework.words.plain_values import with_plain_values

_FIRST = ("list", "show", "create", "add", "run", "status", "history", "search", "next")
_EXAMPLES = 4


class LeafCommand(TyperCommand):
    """A command that does something."""

    examples: Sequence[str] = ()

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters and `--help`, with plain values for Typer's own."""
        return with_plain_values(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The words as values; every required one that is missing is named at once."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as failure:
            if type(failure).__name__ == "MissingParameter":
                from savctl.cli.framework.gate.defaults import own_words
                from savctl.cli.framework.words.usage import missing_parameters

                if own := own_words(self, ctx, given):
                    return self.parse_args(ctx, [*own, *given])
                raise missing_parameters(self, ctx, given) or failure from None
            if getattr(failure, "ctx", ctx) is None:
                failure.ctx = ctx  # type: ignore[attr-defined]
            raise

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What follows the command in the usage line."""
        from savctl.cli.framework.words.layout import usage_pieces

        return usage_pieces(self.get_params(ctx))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The options in two blocks."""
        from savctl.cli.framework.words.layout import write_parameters

        write_parameters(self.get_params(ctx), ctx, formatter)


class BranchGroup(TyperGroup):
    """A group of commands."""

    more_names: tuple[str, ...] = ()  # words that are taken beside the commands
    default: str | None = None  # the command that the group alone stands for

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, which is `--help` alone, with plain values for Typer's own."""
        return with_plain_values(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Move common options behind the command, where one given again wins."""
        common, rest = leading(args)
        if common and rest and not rest[0].startswith("-"):
            rest = [rest[0], *common, *rest[1:]]
        return super().parse_args(ctx, self._with_default(ctx, rest))

    def _with_default(self, ctx: Any, args: list[str]) -> list[str]:
        is_option = bool(args) and args[0].startswith("-") and args[0] not in ctx.help_option_names
        return [self.default, *args] if self.default and (not args or is_option) else args

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first word names.

        Raises:
            UsageProblem: none; it names what may be meant.
        """
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            from savctl.cli.framework.words.guesses import unknown_command

            raise unknown_command(
                ctx.command_path, args, (*self.list_commands(ctx), *self.more_names)
            )
        return super().resolve_command(ctx, args)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What follows the group in the usage line."""
        return ["COMMAND", "[OPTIONS]"]

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, those first that are used most."""
        names = list(self.commands)
        return sorted(names, key=lambda name: _FIRST.index(name) if name in _FIRST else 99)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """A line for each command; a test holds that none is wider than 80 columns."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary(each)) for name, each in found])

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The commands; a group has no options of its own."""
        self.format_commands(ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Examples from the commands, each of them one that the tests run."""
        found: list[Any] = [self.get_command(ctx, name) for name in self.list_commands(ctx)]
        lines = [each.examples[0] for each in found if getattr(each, "examples", ())]
        if lines:
            with formatter.section("Examples"):
                formatter.write("".join(f"  {line}\n" for line in lines[:_EXAMPLES]))
        formatter.write(f"\nRun '{ctx.command_path} COMMAND --help' for one command.\n")


class PackageGroup(BranchGroup):
    """A group whose commands are in the modules of a package; one is imported when it is used.

    `modules` has the commands of each module, `package` the group as `group`.
    """

    package: str = ""
    modules: Mapping[str, Sequence[str]] = {}
    _known: dict[str, Any]

    @property
    def known(self) -> Mapping[str, Any]:
        """The commands of what is imported."""
        return self._known

    @property
    def commands(self) -> Any:
        """Every command, in the order of the modules; all of them are imported."""
        if any(name not in self._known for names in self.modules.values() for name in names):
            self._load(*self.modules)
            names = [name for names in self.modules.values() for name in names]
            self._known = {name: self._known[name] for name in names}
        return self._known

    @commands.setter
    def commands(self, known: Any) -> None:
        self._known = dict(known)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command itself; its module is imported now."""
        if cmd_name not in self._known:
            self._load(*(each for each, names in self.modules.items() if cmd_name in names))
        return self._known.get(cmd_name)

    def _load(self, *modules: str) -> None:
        """Import modules, and have Typer make commands of what they added to the group."""
        for each in modules:
            importlib.import_module(f"{self.package}.{each}")
        if modules:
            made: Any = typer.main.get_command(importlib.import_module(self.package).group)
            self._known = {**made.known, **self._known}


def summary(command: Any) -> str:
    """The first line of a command's help."""
    return str(command.help or "").partition("\n")[0]
