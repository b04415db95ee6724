"""The format of an answer, read from the words themselves: usage errors come before parsing.

The only place that decides whether an error is a JSON line (contract: command line, 1.2).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

JSON_FORMATS = frozenset({"json", "jsonl"})
_FLAGS = frozenset("qvnyhV")  # short options without a value; they may stand in one word


@dataclass(frozen=True, slots=True)
class Asked:
    """What failures need to know of a command line that may not be parsable."""

    is_json: bool = False
    is_verbose: bool = False
    color: str = "auto"
    has_log_lines: bool = False


def asked(words: Sequence[str]) -> Asked:
    """The format and verbosity of a command line; of several `-o` the last one counts."""
    options = list(_options(words))
    formats = [value for name, value in options if name == "output"]
    return Asked(
        is_json=bool(formats) and is_json(formats[-1]),
        color=dict(options).get("color", "auto"),
        has_log_lines=dict(options).get("log-format", "").strip().lower() == "json",
        is_verbose=any(name == "verbose" for name, _ in options),
    )


def is_json(output: str) -> bool:
    """Whether this value of `--output` makes errors JSON lines; case does not count."""
    return output.strip().lower() in JSON_FORMATS


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """`output` with its value and `verbose`, wherever they stand before a `--`."""
    following = [*words, ""][1:]
    for word, after in zip(words, following, strict=True):
        if word == "--":
            return
        if word == "--verbose":
            yield "verbose", ""
        elif word in {"--output", "--color", "--log-format"}:
            yield word[2:], after
        elif word.startswith(("--output=", "--color=", "--log-format=")):
            yield word[2:].partition("=")[0], word.partition("=")[2]
        elif word.startswith("-") and not word.startswith("--"):
            yield from _short(word[1:], after)


def _short(letters: str, after: str) -> Iterator[tuple[str, str]]:
    """The options in a word such as `-qojson` or `-vo`."""
    for at, letter in enumerate(letters):
        if letter == "o":
            yield "output", letters[at + 1 :].removeprefix("=") or after
            return
        if letter not in _FLAGS:
            return
        if letter == "v":
            yield "verbose", ""
