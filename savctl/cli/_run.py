"""One command line from its words to its exit code: every failure is printed here."""

from __future__ import annotations

import json
import os
import select
import sys
import traceback
from collections.abc import Sequence

import typer

from savctl.cli._text import json_safe, safe
from savctl.errors import ExitCode, SavError


def run(words: Sequence[str]) -> int:
    """Run the words after `savctl`; answers the exit code."""
    from savctl.cli.root import root

    _speak_utf8()
    try:
        outcome = root().main(args=list(words), prog_name="savctl", standalone_mode=False)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit) as leaving:
        return _broken_pipe(words, leaving)
    except SavError as failure:
        _say(words, failure)
        return int(failure.exit_code)
    except typer.Abort:
        sys.stderr.write("interrupted\n")
        return int(ExitCode.INTERRUPTED)
    except typer.TyperException as failure:
        return _usage(words, failure)
    except Exception as bug:  # the last fence: a bug keeps its traceback
        return _bug(words, bug)
    return outcome if isinstance(outcome, int) else int(ExitCode.DONE)


def wants_json(words: Sequence[str]) -> bool:
    """Whether errors are to be JSON, known before the words are parsed."""
    formats = {"json", "jsonl"}
    pairs = zip(("", *words), (*words, ""), strict=True)
    return any(
        (before in {"-o", "--output"} and word in formats)
        or word.removeprefix("--output=").removeprefix("-o") in formats - {word}
        for before, word in pairs
    )


def error_line(failure: SavError) -> str:
    """The failure as one JSON line (contract: command line, 1.2)."""
    told = {
        "code": failure.code,
        "message": failure.message,
        "hint": failure.hint,
        "exit": int(failure.exit_code),
        **failure.facts,
    }
    return json_safe(json.dumps({"error": told}, ensure_ascii=False, default=str))


def say_failure(failure: SavError, *, as_json: bool) -> None:
    """Print a failure to stderr, in words or as a JSON line."""
    if as_json:
        sys.stderr.write(error_line(failure) + "\n")
        return
    sys.stderr.write(f"error: {safe(failure.message)}\n")
    if failure.hint:
        sys.stderr.write(f"  hint: {safe(failure.hint)}\n")


def _say(words: Sequence[str], failure: SavError) -> None:
    say_failure(failure, as_json=wants_json(words))


def _usage(words: Sequence[str], failure: typer.TyperException) -> int:
    """A mistake in the words themselves, as Typer found it."""
    message = failure.format_message()
    if type(failure).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{message}\n")
        return int(ExitCode.USAGE)
    context = getattr(failure, "ctx", None)
    path = context.command_path if context is not None else "savctl"
    told = SavError(message, hint=f"{path} --help shows what it takes.")
    told.code = "usage"
    told.exit_code = ExitCode.USAGE
    _say(words, told)
    return int(ExitCode.USAGE)


def _bug(words: Sequence[str], bug: Exception) -> int:
    if wants_json(words) and "-v" not in words and "--verbose" not in words:
        told = SavError(f"unexpected failure: {type(bug).__name__}", hint="-v shows where.")
        told.code = "bug"
        _say(words, told)
    else:
        traceback.print_exception(bug)
        sys.stderr.write("error: this is a bug in savctl; nothing more was done\n")
    return int(ExitCode.BUG)


def _broken_pipe(words: Sequence[str], leaving: BaseException) -> int:
    """`savctl … | head`: the reader has what it wanted, and the work is done.

    Typer answers any broken pipe, a server's too, with a silent exit; that one is a bug here.
    """
    cause = leaving.__context__ if isinstance(leaving, SystemExit) else leaving
    if isinstance(cause, Exception) and _has_reader():
        return _bug(words, cause)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(ExitCode.DONE)


def _has_reader() -> bool:
    """Whether somebody is still there to read stdout."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), select.POLLOUT)
    return not any(found & select.POLLERR for _, found in poll.poll(0))


def _speak_utf8() -> None:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
