"""The fenced blocks of README and of the pages in docs/, with what each one needs.

A block of `sh` runs as it stands. A comment before a block may say more:

- `<!-- run: mariadb -->`: the block of `sh` runs on that server.
- `<!-- not run: REASON -->`: the block is `console`; only its savctl commands are read.
- `<!-- file: PATH -->`: the block is that file.

A comment `<!-- prepared ... -->` holds commands that run first, unseen by the reader of the page.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [
    PROJECT / "README.md",
    PROJECT / "CONTRIBUTING.md",
    *sorted((PROJECT / "docs").glob("*.md")),
]
_FENCE = re.compile(
    r"(?:^<!-- (?P<mark>run|not run|file): (?P<why>[^\n]*?) -->\n+)?^ *```(?P<language>[^\n]*)\n"
    r"(?P<text>.*?)^ *```$|^<!-- prepared\n(?P<prepared>.*?)^-->$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    mark: str | None  # run, not run, file
    why: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """Every block of the page, in order; prepared commands are blocks of `sh` too."""
    content = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(content):
        prepared = found["prepared"]
        yield Block(
            page=page,
            line=content.count("\n", 0, found.start()) + 1,
            language="sh" if prepared else found["language"],
            mark=found["mark"],
            why=found["why"] or "",
            text=prepared or found["text"],
        )


def commands(block: Block) -> Iterator[list[str]]:
    """The words of each savctl command in a block, without comments and redirections."""
    text = block.text if block.language in {"sh", "console"} else ""
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    for line in (line for line in lines if "savctl " in line):
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word.strip("();<>|&"):
                words.append(word)
            else:
                plain = list(dropwhile(lambda w: re.match(r"\w+=", w), words))
                if plain[:1] == ["savctl"]:
                    yield plain[1:]
                words = []
