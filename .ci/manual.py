"""The man pages in deploy/man/, made from the command tree as docs/commands.md is.

`make reference` writes them, `make lint` compares. The wheel installs them below share/man.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from reference import arguments_of, groups, own_options

FOLDER = Path("deploy/man")
_MADE = '.\\" Made from the command tree by "make reference".'
_FILES = (
    ("./savctl.toml", "settings, unless --config names another file"),
    ("~/.config/savctl/savctl.toml", "settings of the user"),
    ("/etc/savctl/savctl.toml", "settings of the host"),
)
_VARIABLES = (
    ("DB_HOST, DB_PORT, DB_DATABASE, DB_USERNAME, DB_PASSWORD", "the service's database"),
    ("SAVCTL_DATABASE_URL", "the same as one address"),
    ("SAVCTL_HOME", "the folder of the embedded database, where no server is configured"),
    ("SAVCTL_TOKEN", "the token that proves who acts"),
    ("NO_COLOR", "any value: no colours"),
)


def main() -> int:
    """Compare the pages with the command tree; `--write` makes them."""
    pages = dict(_pages())
    if "--write" in sys.argv:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for old in FOLDER.glob("*.1"):
            old.unlink()
        for name, text in pages.items():
            (FOLDER / name).write_text(text, encoding="utf-8")
        return 0
    stored = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.1")}
    if stored != pages:
        sys.stderr.write(f"{FOLDER} is not the command tree any more: run 'make reference'\n")
        return 1
    return 0


def _pages() -> Iterator[tuple[str, str]]:
    found = list(groups())
    yield "savctl.1", _lines(_whole([(name, line) for name, line, _ in found]))
    for name, line, commands in found:
        yield f"savctl-{name}.1", _lines(_group(name, line, commands))


def _whole(known: list[tuple[str, str]]) -> Iterator[str]:
    from savctl.cli.framework.words.common import CLOCK, COMMON, WRITING
    from savctl.cli.framework.words.topics import exit_meanings

    yield from _head("savctl", "operations of an after-sales ticket service")
    yield from (".SH SYNOPSIS", ".B savctl", ".I COMMAND", "[\\fIOPTION\\fR ...]")
    yield ".SH DESCRIPTION"
    yield "Commands for people and jobs for the night: tickets, jobs, events, checks."
    yield _text("savctl COMMAND --help shows the options of a command, and examples.")
    yield ".SH COMMANDS"
    for name, line in known:
        yield from (".TP", f".BR savctl\\-{_text(name)} (1)", _text(line))
    yield ".SH OPTIONS"
    yield _text("They stand before or after the command. The last three are of writers.")
    for _, annotation, _ in (*COMMON, *CLOCK, *WRITING):
        option = annotation.__metadata__[0]
        names = sorted((option.default, *option.param_decls), key=len)
        yield from _tagged(names, option.metavar, option.help)
    yield ".SH EXIT STATUS"
    for code, meaning in exit_meanings().items():
        yield from (".TP", f".B {int(code)}", _text(meaning))
    for title, entries in (("ENVIRONMENT", _VARIABLES), ("FILES", _FILES)):
        yield f".SH {title}"
        for name, meaning in entries:
            yield from (".TP", f".I {_text(name)}", _text(meaning))


def _group(name: str, line: str, commands: list[tuple[str, Any]]) -> Iterator[str]:
    title = f"savctl-{name}"
    yield from _head(title, line.rstrip(".")[:1].lower() + line.rstrip(".")[1:])
    yield ".SH SYNOPSIS"
    for number, (words, command) in enumerate(commands):
        yield from [".br"] * (number > 0)
        yield f".B savctl {_text(words)}"
        yield _text(f"{arguments_of(command)} [OPTION ...]".strip())
    yield ".SH DESCRIPTION"
    for words, command in commands:
        yield f".SS savctl {_text(words)}"
        yield from _described(command)
    yield from (".SH SEE ALSO", ".BR savctl (1)", "for the options of every command")


def _described(command: Any) -> Iterator[str]:
    text, _, examples = str(command.help).replace("\b", "").partition("Examples:")
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip())]
    for number, paragraph in enumerate(paragraphs):
        yield from [".PP"] * (number > 0)
        yield from _prose(paragraph)
    for option in own_options(command):
        value = None if option.is_flag else option.metavar or "VALUE"
        yield from _tagged(option.opts, value, option.help or "")
    shown = [line.strip() for line in examples.splitlines() if line.strip()]
    if shown:
        yield from (".PP", "Examples:", ".PP", ".RS 4", ".EX", *map(_text, shown), ".EE", ".RE")


def _tagged(names: Iterable[str], value: str | None, meaning: str) -> Iterator[str]:
    shown = ", ".join(f"\\fB{_text(name)}\\fR" for name in names)
    shown += f" \\fI{_text(value)}\\fR" if value else ""
    yield from (".TP", shown, *_prose(meaning or ""))


def _head(name: str, line: str) -> Iterator[str]:
    yield _MADE
    yield f'.TH {name.upper()} 1 "" "savctl" "savctl manual"'
    yield from (".SH NAME", f"{_text(name)} \\- {_text(line)}", ".nh", ".ad l")


def _text(text: str) -> str:
    """Text as roff reads it as text: no escape, no hyphen for a minus, no request."""
    shown = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{shown}" if shown.startswith((".", "'")) else shown


def _prose(text: str) -> Iterator[str]:
    """Sentences as text, in lines of at most 100 characters."""
    for line in textwrap.wrap(text, 100, break_on_hyphens=False, break_long_words=False):
        yield _text(line)


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(line for line in lines if line) + "\n"


if __name__ == "__main__":
    sys.exit(main())
