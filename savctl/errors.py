"""The few kinds of failure savctl knows, each with its exit code (contract: command line, 1.3).

Anything raised that is not a `SavError` is a bug and keeps its traceback.
"""

from __future__ import annotations

import errno
from enum import IntEnum


class ExitCode(IntEnum):
    """What a script may conclude from the exit status."""

    DONE = 0
    BUG = 1
    USAGE = 2
    PARTLY = 3
    NOT_FOUND = 4
    REFUSED = 5
    NEEDS_CONFIRMATION = 6
    NOT_PERMITTED = 7
    UNAVAILABLE = 8
    ALREADY_RUNNING = 9
    FINDINGS = 10
    INTERRUPTED = 130
    TERMINATED = 143


class SavError(Exception):
    """A failure that an operator can understand and act on.

    `hint` says what to do next; `facts` are identifiers (ticket number, job) for machines.
    `lines` is what a terminal shows in place of a message that lists several things.
    """

    exit_code = ExitCode.BUG
    code = "error"
    lines: tuple[str, ...] = ()

    def __init__(self, message: str, *, hint: str | None = None, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.facts = facts


class Interrupted(SavError):
    """Ctrl-C; the message says what is done and what is left."""

    exit_code = ExitCode.INTERRUPTED
    code = "interrupted"


class InvalidInput(SavError):
    """Wrong usage or input; nothing was done."""

    exit_code = ExitCode.USAGE
    code = "invalid_input"


class ConfigurationError(InvalidInput):
    """One or more settings are wrong; the message names every one of them."""

    code = "configuration"


class SchemaMismatch(InvalidInput):
    """The database's schema is missing, too old or too new for this savctl."""

    code = "schema"


class PartlyDone(SavError):
    """Some items failed or were refused; the report names them."""

    exit_code = ExitCode.PARTLY
    code = "partly_done"


class NotFound(SavError):
    """No such ticket, message, run or user."""

    exit_code = ExitCode.NOT_FOUND
    code = "not_found"


class Refused(SavError):
    """A rule of the service does not allow it."""

    exit_code = ExitCode.REFUSED
    code = "refused"


class NeedsConfirmation(SavError):
    """Nothing was done: a person has to confirm, or a safety brake stopped the run."""

    exit_code = ExitCode.NEEDS_CONFIRMATION
    code = "needs_confirmation"


class NotPermitted(SavError):
    """The role or the token does not allow it."""

    exit_code = ExitCode.NOT_PERMITTED
    code = "not_permitted"


class Unavailable(SavError):
    """A dependency does not answer; it is safe to try again."""

    exit_code = ExitCode.UNAVAILABLE
    code = "unavailable"


class AlreadyRunning(SavError):
    """The same job runs elsewhere."""

    exit_code = ExitCode.ALREADY_RUNNING
    code = "already_running"


class Findings(SavError):
    """A check found something that needs a person."""

    exit_code = ExitCode.FINDINGS
    code = "findings"


def is_out_of_room(problem: OSError) -> bool:
    """Whether a write failed for want of space: neither a bug nor a wrong name."""
    return problem.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
