"""docs/commands.md, made from the command tree: `make reference` writes it, `make lint` compares.

Options that every command takes are listed once, in docs/command-line.md.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAGE = Path("docs/commands.md")
COMMON = frozenset(
    (
        "output",
        "columns",
        "no_headers",
        "config",
        "quiet",
        "verbose",
        "color",
        "log_format",
        "at",
        "dry_run",
        "actor",
        "yes",
        "help",
    )
)
HEAD = """# Commands

Every command with its own options. `savctl COMMAND --help` shows examples. Options of all commands
are in [command-line.md](command-line.md). This page is made by `make reference`.
"""


def main() -> int:
    """Compare the page with the command tree; `--write` makes it."""
    text = "\n".join([HEAD, *_groups()])
    if "--write" in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        sys.stderr.write(f"{PAGE} is not the command tree any more: run 'make reference'\n")
        return 1
    return 0


def _groups() -> Iterator[str]:
    for name, line, commands in groups():
        yield f"## {name}\n\n{line}\n"
        for words, command in commands:
            yield from _command(command, words)


def groups() -> Iterator[tuple[str, str, list[tuple[str, Any]]]]:
    """Each group with its help line, and its commands with the words that name them."""
    from typer.main import get_command

    from savctl.cli.groups import REGISTRY

    for name, (place, line) in REGISTRY.items():
        module, _, attribute = place.partition(":")
        group = getattr(__import__(module, fromlist=[attribute]), attribute)
        yield name, line, list(_leaves(get_command(group), name))


def _leaves(command: Any, words: str) -> Iterator[tuple[str, Any]]:
    inside = getattr(command, "commands", None)
    if inside is None:
        yield words, command
        return
    for name, one in inside.items():
        yield from _leaves(one, f"{words} {name}")


def arguments_of(command: Any) -> str:
    """The arguments of a command, as its page names them."""
    return " ".join(_argument(p) for p in command.params if p.param_type_name == "argument")


def own_options(command: Any) -> list[Any]:
    """The options that not every command takes."""
    options = [p for p in command.params if p.param_type_name == "option"]
    return [option for option in options if option.name not in COMMON]


def _command(command: Any, words: str) -> Iterator[str]:
    arguments = arguments_of(command)
    summary, *more = _paragraphs(str(command.help))
    yield f"### savctl {words}\n"
    yield f"`savctl {words}{' ' * bool(arguments)}{arguments}`: {summary}\n"
    yield from (f"{paragraph}\n" for paragraph in more)
    rows = [_option(option) for option in own_options(command)]
    if rows:
        yield "\n".join(["| option | meaning |", "|---|---|", *rows]) + "\n"


def _paragraphs(text: str) -> list[str]:
    """The help before its examples; each paragraph in lines of at most 100 characters."""
    before, _, _ = text.partition("Examples:")
    parts = re.split(r"\n\s*\n", before.replace("\b", "").strip())
    return ["\n".join(textwrap.wrap(part, 100, break_on_hyphens=False)) for part in parts]


def _argument(argument: Any) -> str:
    word = argument.metavar or str(argument.name).upper()
    word = word.strip("{}[]").removesuffix("...").strip("{}…")
    word += "…" if argument.nargs == -1 else ""
    return word if argument.required else f"[{word}]"


def _option(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    value = "" if option.is_flag else f" `{option.metavar or 'VALUE'}`"
    return f"| {names}{value} | {(option.help or '').replace('|', chr(92) + '|')} |"


if __name__ == "__main__":
    sys.exit(main())
