"""Plain words, in everything that a user reads: run by `make lint`.

Pages, the help of every command, and the messages in the code are searched for phrases that
readers had to read twice. Each phrase has the words that replace it.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BANNED = {
    r"\b(?:tells?|told)\b": "name, report, show",
    r"\b(?:says?|said)\b(?! more\b)": "name, report, state",
    r"\b(?:comes?|(?<!a file )came|coming)\b": "is, arrives, follows, next",
    r"\b(?:is|are|was|were) there\b|\bwhat there is\b": "exists",
    r"\b(?:goes|went|go|going) (?:on|back|behind|away|up|out|in|for good)\b": "continues, ...",
    r"\bturns? .{0,20}\bround\b": "reverses",
    r"\bstands? (?:in|for|on|there|beside|as)\b": "is in, means",
    r"\bperson's word\b": "confirmation",
    r"\bat hand\b": "current",
    r"\bstamps?\b": "times",
    r"\banew\b": "again",
    r"\bunder way\b": "running",
    r"\btime is over\b": "expired",
    r"\b(?:that|which) (?:is|are) none\b": "invalid",
    r"\bproves nothing\b": "is not valid",
    r"\blet (?:be|go)\b": "allow, retry",
    r"\bhands it\b|\bunder its hands\b": "gives",
    r"\bis no (?:JSON|TOML|UTF-8|text|plain|regular|whole|amount|cron|plan)\b": "is not, is not a",
    r"\bthere are\.$|\bthose there are\b": "lists them",
    r"\bthan nothing\b|\bis nothing for\b": "than 0, cannot",
    r"\w\(s\)": "the right plural",
    r"\bmuch that is\b|\ball that is\b": "everything",
}
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md", "deploy/**/*.*", "*.example")
LONGEST = 120  # characters of a line of a page, tables excepted
CUSTOMERS = Path("savctl/demo/problems.py")  # they speak as people do
LACKING = {r"\bdocs/": "it here: the pages are not installed"}  # in help and messages


def _compiled(banned: dict[str, str]) -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(pattern, re.IGNORECASE), instead) for pattern, instead in banned.items()]


def main() -> int:
    """Print each phrase with its place; answers 1 if any was found."""
    everywhere, shown = _compiled(BANNED), _compiled(BANNED | LACKING)
    checked = [(_pages(), everywhere), (_helps(), shown), (_messages(), shown)]
    found = [
        f"{place}: '{match[0]}': write {instead}"
        for texts, words in checked
        for place, text in texts
        for pattern, instead in words
        if (match := pattern.search(text))
    ]
    found += [f"{place}: break the line at {LONGEST}" for place in _long_lines()]
    for line in found:
        sys.stderr.write(f"{line}\n")
    return 1 if found else 0


def _long_lines() -> Iterator[str]:
    for place, line in _lines():
        if len(line) > LONGEST and not line.startswith("|") and not place.startswith("CHANGELOG"):
            yield place


def _pages() -> Iterator[tuple[str, str]]:
    for place, line in _lines():
        yield place, re.sub(r'`[^`]*`|"[^"]*"', "", line)


def _lines() -> Iterator[tuple[str, str]]:
    """The lines of every page, without those of fenced blocks and comments."""
    for name in PAGES:
        for path in sorted(Path().glob(name)):
            text = path.read_text(encoding="utf-8")
            text = re.sub(r"```.*?```|<!--.*?-->", _blank, text, flags=re.DOTALL)
            for number, line in enumerate(text.splitlines(), 1):
                yield f"{path}:{number}", line


def _blank(block: re.Match[str]) -> str:
    return "\n" * block[0].count("\n")


def _helps() -> Iterator[tuple[str, str]]:
    """The text and the options of every command, from the command tree."""
    from typer.main import get_command

    from savctl.cli.groups import REGISTRY
    from savctl.cli.root import root

    yield "savctl --help", str(root().help)
    for name, (place, line) in REGISTRY.items():
        module, _, attribute = place.partition(":")
        group = getattr(__import__(module, fromlist=[attribute]), attribute)
        yield f"savctl --help, {name}", line
        yield from _help_of(get_command(group), f"savctl {name}")


def _help_of(command: Any, words: str) -> Iterator[tuple[str, str]]:
    text, _, _ = str(command.help or "").partition("Examples:")
    yield f"{words} --help", text
    for option in command.params:
        yield f"{words} --help, {option.name}", str(getattr(option, "help", "") or "")
    for name, one in getattr(command, "commands", {}).items():
        yield from _help_of(one, f"{words} {name}")


def _messages() -> Iterator[tuple[str, str]]:
    """Every text of several words in the code that is no docstring: messages, hints, reasons."""
    for folder in ("savctl", "jobs"):
        for path in sorted(set(Path(folder).rglob("*.py")) - {CUSTOMERS}):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            silent = {id(one) for one in _docstrings(tree)}
            for node in ast.walk(tree):
                value = node.value if isinstance(node, ast.Constant) else None
                if isinstance(value, str) and " " in value and id(value) not in silent:
                    yield f"{path}:{node.lineno}", value


def _docstrings(tree: ast.AST) -> Iterator[object]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value.value


if __name__ == "__main__":
    sys.exit(main())
