"""What a shell shows after Tab: commands, options and values, without a look at the database.

The script of `savctl completion SHELL` calls savctl with the words up to the cursor. It prints a
candidate a line, in zsh and fish with its description. The exit code 3 asks the shell for file
names. Whatever goes wrong, nothing is printed: a shell would take an error for candidates.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from savctl.cli.framework.words.common import SHARED
from savctl.cli.framework.words.layout import value_name
from savctl.cli.framework.words.leading import leading
from savctl.cli.framework.words.tree import summary
from savctl.cli.framework.words.values import LISTS, values_of

FILES = 3
_PATHS = frozenset(("FILE", "DIR", "ZIP"))
_Candidates = list[tuple[str, str]]  # value, description


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the cursor stands: the command, its path, and the words behind it."""

    command: Any
    path: str
    words: list[str]


@dataclass(frozen=True, slots=True)
class _Shared:
    """A common option before its command, as the parameters of a command look."""

    opts: tuple[str, ...]
    metavar: str | None
    help: str
    hidden: bool = False
    param_type_name: str = "option"

    @property
    def is_flag(self) -> bool:
        """Whether it takes no value."""
        return self.metavar is None


def _shared(option: Any) -> _Shared:
    return _Shared((option.default, *option.param_decls), option.metavar, option.help)


def complete(shell: str, words: Sequence[str]) -> int:
    """Print the candidates for the last word; answers the exit code."""
    try:
        found, wants_files = candidates(words)
    except Exception:  # an error would be taken for candidates
        return 0
    lines = [_line(shell, value, text) for value, text in found]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return FILES if wants_files and not found else 0


def candidates(words: Sequence[str]) -> tuple[_Candidates, bool]:
    """What may stand at the end of the words, and whether file names may."""
    *before, incomplete = _joined(words) or [""]
    if before[:1] == ["help"]:
        before = before[1:]
    place = _place(before)
    option, _, given = incomplete.partition("=")
    if incomplete.startswith("--") and "=" in incomplete:
        found, wants_files = _values(place, _option(place, option), given)
        return [(f"{option}={value}", text) for value, text in found], wants_files
    waiting = _option(place, before[-1]) if before else None
    if waiting is not None and not waiting.is_flag:
        return _values(place, waiting, incomplete)
    if incomplete.startswith("-"):
        return _starting(_options(place), incomplete), False
    if _is_group(place):
        if place.words:  # a word that is no command, or an option without its value
            return [], False
        return _starting(_commands(place), incomplete), False
    return _values(place, _argument(place), incomplete)


def _joined(words: Sequence[str]) -> list[str]:
    """The words; bash splits `--status=open` into three."""
    joined: list[str] = []
    for at, word in enumerate(words):
        is_last = at == len(words) - 1
        if word == "=" and joined and joined[-1].startswith("--"):
            if is_last:
                joined.append("")
        else:
            joined.append(word)
    return joined


def _place(words: Sequence[str]) -> _Place:
    from savctl.cli.root import root

    command, names, rest = root(), list[str](), list(words)
    while hasattr(command, "list_commands"):
        options, after = leading(rest)
        if not after or after[0] not in command.list_commands(None):
            rest = after
            break
        names.append(after[0])
        command = command.get_command(None, after[0])
        rest = [*options, *after[1:]]
    return _Place(command, " ".join(names), rest)


def _is_group(place: _Place) -> bool:
    return hasattr(place.command, "list_commands")


def _commands(place: _Place) -> _Candidates:
    command = place.command
    lines = getattr(command, "registry", None)
    if lines is not None:  # the root: its groups stay where they are
        return [(name, line) for name, (_, line) in lines.items()]
    names = command.list_commands(None)
    return [(name, summary(command.get_command(None, name))) for name in names]


def _options(place: _Place) -> _Candidates:
    params = [param for param in _params(place) if not param.hidden]
    return [(name, param.help or "") for param in params for name in param.opts]


def _params(place: _Place) -> list[Any]:
    """The options of the command; of a group, those that may stand before the command."""
    if not _is_group(place):
        return [p for p in place.command.get_params(_context(place)) if _is_option(p)]
    return [_shared(annotation.__metadata__[0]) for _, annotation, _ in SHARED]


def _context(place: _Place) -> Any:
    import typer

    return typer.Context(place.command, info_name=place.path, resilient_parsing=True)


def _option(place: _Place, name: str) -> Any:
    return next((param for param in _params(place) if name in param.opts), None)


def _argument(place: _Place) -> Any:
    """The argument that the cursor stands at, by the number of words before it."""
    every = place.command.get_params(_context(place))
    arguments = [param for param in every if not _is_option(param)]
    options = {name: param for param in every if _is_option(param) for name in param.opts}
    count, skips = 0, False
    for word in place.words:
        if skips:
            skips = False
        elif word.startswith("-") and word != "-":
            skips = "=" not in word and word in options and not options[word].is_flag
        else:
            count += 1
    for argument in arguments:
        if argument.nargs == -1 or count == 0:
            return argument
        count -= 1
    return None


def _values(place: _Place, param: Any, incomplete: str) -> tuple[_Candidates, bool]:
    if param is None:
        return [], False
    name = max(param.opts, key=len) if _is_option(param) else value_name(param)
    known = values_of(place.path, name)
    start = ""
    if name in LISTS and "," in incomplete:
        start = incomplete.rpartition(",")[0] + ","
        known = tuple(value for value in known if value not in start.split(","))
    found = [(f"{start}{value}", "") for value in known]
    return _starting(found, incomplete), value_name(param) in _PATHS


def _starting(found: Iterable[tuple[str, str]], incomplete: str) -> _Candidates:
    return [(value, text) for value, text in found if value.startswith(incomplete)]


def _is_option(param: Any) -> bool:
    return bool(param.param_type_name == "option")


def _line(shell: str, value: str, text: str) -> str:
    if shell == "zsh":
        escaped = value.replace(":", "\\:")
        return f"{escaped}:{text}" if text else escaped
    return f"{value}\t{text}" if shell == "fish" and text else value
