"""What `savctl help TOPIC` explains beside the commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from savctl.errors import ExitCode

_MEANINGS = {
    ExitCode.DONE: "done; also nothing to do, and an empty list",
    ExitCode.BUG: "unexpected failure: a bug in savctl",
    ExitCode.USAGE: "wrong usage, input or configuration; nothing was done",
    ExitCode.PARTLY: "done in part: some items failed or were refused; the report names them",
    ExitCode.NOT_FOUND: "not found",
    ExitCode.REFUSED: "refused by a rule: transition, final state, duplicate, changed meanwhile",
    ExitCode.NEEDS_CONFIRMATION: "needs confirmation, or stopped by a brake; nothing was done",
    ExitCode.NOT_PERMITTED: "not permitted (role, token)",
    ExitCode.UNAVAILABLE: "a dependency is unavailable, or the rate limit is reached; try again",
    ExitCode.ALREADY_RUNNING: "already running elsewhere",
    ExitCode.FINDINGS: "a check found something (doctor, verify, audit)",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C after the current batch",
    ExitCode.TERMINATED: "stopped by SIGTERM after the current batch",
}


def exit_meanings() -> Mapping[ExitCode, str]:
    """What each exit code means, in a few words."""
    return _MEANINGS


def _exit_codes() -> str:
    lines = [f"  {int(code):<4} {meaning}\n" for code, meaning in exit_meanings().items()]
    return "Exit codes:\n\n" + "".join(lines)


def _options() -> str:
    from savctl.cli.framework.words.common import CLOCK, COMMON, WRITING

    shared = "".join(_described((*COMMON, *CLOCK)))
    writing = "".join(_described(WRITING))
    return (
        "Common options stand before or after the command; of two the last one counts.\n\n"
        f"Every command:\n{shared}\nEvery command that changes something:\n{writing}\n"
        "On a terminal a table fits its width: the columns of least worth are left out, then\n"
        "long texts end in …; -o wide shows everything, and off a terminal nothing is cut.\n"
    )


def _described(options: Iterable[tuple[str, object, object]]) -> Iterable[str]:
    for _, annotation, default in options:
        option = annotation.__metadata__[0]  # type: ignore[attr-defined]
        names = ", ".join(sorted((option.default, *option.param_decls), key=len))
        value = f" {option.metavar}" if option.metavar else ""
        note = f" [default: {default}]" if isinstance(default, str) else ""
        yield f"  {names + value:<26} {option.help}{note}\n"


TOPICS: dict[str, Callable[[], str]] = {"options": _options, "exit-codes": _exit_codes}
