"""What somebody may have meant who typed a command that is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from savctl.cli.framework.effects import EFFECTS
from savctl.errors import ExitCode, SavError

_MOST = 5  # groups that have the verb


class UsageProblem(SavError):
    """Words that make no command line; nothing was done."""

    exit_code = ExitCode.USAGE
    code = "usage"


def unknown_command(path: str, words: Sequence[str], known: Iterable[str]) -> UsageProblem:
    """The failure for `words[0]`, which is no command of `path`."""
    guesses = _guesses(path, words, tuple(known))
    meant = (
        f"Did you mean {_or(guesses)}?" if guesses else f"Run '{path} --help' for the commands."
    )
    return UsageProblem(f"{path} has no command {words[0]!r}", hint=meant)


def _guesses(path: str, words: Sequence[str], known: Sequence[str]) -> list[str]:
    word = words[0].lower()
    if word in known:
        return [" ".join((path, word))]
    if path == "savctl" and word.startswith("tkt-"):
        return [f"savctl ticket show {words[0]}"]
    turned = [each for each in EFFECTS if each.split() == [_singular(words[1:2]), word]]
    if turned:
        return [f"savctl {turned[0]}"]
    near = [f"{path} {name}" for name in get_close_matches(word, known, n=2, cutoff=0.75)]
    elsewhere = [f"savctl {each}" for each in EFFECTS if each.split()[-1:] == [word]]
    singular = _singular([word])
    groups = [f"savctl {singular}"] if singular in {each.split()[0] for each in EFFECTS} else []
    found = dict.fromkeys((*groups, *elsewhere[:_MOST], *(() if elsewhere else near)))
    return list(found) or [f"{path} {name}" for name in get_close_matches(word, known, n=1)]


def _singular(words: Sequence[str]) -> str:
    return words[0].lower().removesuffix("s") if words else ""


def _or(guesses: Sequence[str]) -> str:
    quoted = [f"'{guess}'" for guess in guesses]
    return " or ".join((", ".join(quoted[:-1]), quoted[-1])) if len(quoted) > 1 else quoted[0]
