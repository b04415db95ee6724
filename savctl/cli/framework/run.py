"""One command line from its words to its exit code: every failure is printed here."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

import typer

from savctl.cli.framework.asked import asked
from savctl.cli.framework.stderr.errors import write_failure
from savctl.cli.framework.stderr.streams import (
    has_log_lines,
    has_reader,
    prepare,
    silence_stdout,
    use_log_lines,
)
from savctl.errors import ExitCode, Interrupted, SavError, Unavailable, is_out_of_room


def run(words: Sequence[str]) -> int:
    """Run the words after `savctl`; answers the exit code."""
    from savctl.cli.root import root

    prepare()
    by_variable = os.environ.get("SAVCTL_LOG_FORMAT") == "json"
    use_log_lines(wanted=by_variable or asked(words).has_log_lines)
    try:
        outcome = root().main(args=list(words), prog_name="savctl", standalone_mode=False)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit) as leaving:
        return _broken_pipe(words, leaving)
    except SavError as failure:
        _write_failure(words, failure)
        return int(failure.exit_code)
    except typer.Abort:
        return _interrupted(words)
    except typer.TyperException as failure:
        return _usage(words, failure)
    except Exception as bug:  # the last fence: a bug keeps its traceback
        return _bug(words, bug)
    return outcome if isinstance(outcome, int) else int(ExitCode.DONE)


def _write_failure(words: Sequence[str], failure: SavError) -> None:
    wanted = asked(words)
    write_failure(
        failure, as_json=wanted.is_json, is_verbose=wanted.is_verbose, color=wanted.color
    )


def _interrupted(words: Sequence[str]) -> int:
    """Ctrl-C while nothing was under way that ends by itself, as at a question."""
    _write_failure(words, Interrupted("interrupted; what was stored before stays stored"))
    return int(ExitCode.INTERRUPTED)


def _usage(words: Sequence[str], failure: typer.TyperException) -> int:
    """A mistake in the words themselves, as Typer found it; a bare group is none: it has help."""
    if type(failure).__name__ == "NoArgsIsHelpError":
        sys.stdout.write(f"{failure.format_message()}\n")
        sys.stdout.flush()
        return int(ExitCode.DONE)
    from savctl.cli.framework.words.usage import usage_problem

    problem = usage_problem(failure)
    _write_failure(words, problem)
    return int(problem.exit_code)


def _bug(words: Sequence[str], bug: Exception) -> int:
    if isinstance(bug, OSError) and is_out_of_room(bug):
        return _no_room(words, bug)
    wanted = asked(words)
    if wanted.is_json or has_log_lines():
        trace = _trace(bug) if wanted.is_verbose else None
        found = SavError(
            f"unexpected failure: {type(bug).__name__}",
            hint=None if trace else "-v shows where.",
            **({"traceback": trace} if trace else {}),
        )
        found.code = "bug"
        _write_failure(words, found)
    else:
        traceback.print_exception(bug)
        sys.stderr.write("error: this is a bug in savctl; nothing more was done\n")
    return int(ExitCode.BUG)


def _trace(bug: Exception) -> list[str]:
    """For a person the whole of it; a log has places and types."""
    if not has_log_lines():
        return traceback.format_exception(bug)
    from savctl.log import safe_trace

    return safe_trace(bug)


def _no_room(words: Sequence[str], problem: OSError) -> int:
    """A disk that is full under something that has no words of its own for it, such as help."""
    silence_stdout()
    named = f" {problem.filename}" if problem.filename else ""
    failure = Unavailable(
        f"cannot write{named}: {problem.strerror}",
        hint="Make room, and check what is stored before you run it again.",
    )
    _write_failure(words, failure)
    return int(failure.exit_code)


def _broken_pipe(words: Sequence[str], leaving: BaseException) -> int:
    """`savctl … | head`: the reader has what it wanted, and the work is done.

    Typer answers any broken pipe, a server's too, with a silent exit; that one is a bug here.
    """
    cause = leaving.__context__ if isinstance(leaving, SystemExit) else leaving
    if isinstance(cause, Exception) and has_reader():
        return _bug(words, cause)
    silence_stdout()
    return int(ExitCode.DONE)
