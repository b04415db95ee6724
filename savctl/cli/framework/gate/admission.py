"""The one gate in front of every command: token, role, options (rules 12.1 to 12.6).

The order of answers is fixed: the command that is not the role's (7), the ticket that is not seen
(4), the option that is not the role's (7). What is refused is audited.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from savctl.cli.framework.gate.counting import count_command
from savctl.cli.framework.gate.options import require_own_options
from savctl.cli.framework.gate.refusals import count, counting_bad_tokens
from savctl.domain.access.file_access import Role
from savctl.domain.access.policy import AccessRefused, is_machines_own, may_run, need_of
from savctl.domain.access.rate import RateLimited
from savctl.errors import SavError
from savctl.persistence.metrics.refusals import RefusalKind

if TYPE_CHECKING:
    from savctl.cli.framework.context import CommandContext

_EXAMINES = frozenset(("doctor",))  # it names what is wrong with a token


@contextmanager
def admitted(call: CommandContext, given: Mapping[str, Any]) -> Iterator[None]:
    """Let a command be done when the token allows it.

    Raises:
        NotPermitted: the token is invalid, or its role may not run this.
        RateLimited: its user has started as many commands as a minute allows.
    """
    if call.settings.token is None:
        with counting_bad_tokens(call):
            _require_no_token(call, given)
        yield
        return
    if call.words in _EXAMINES and not call.settings.require_token and not _is_proved(call):
        yield
        return
    with counting_bad_tokens(call):
        bearer = call.token_bearer
    try:
        _require_role(call, bearer.role)
        _warn_of_signature(call)
        require_own_options(call, bearer, given)
        _note_named(call, bearer.user_id)
        yield
    except AccessRefused:
        _write_down(call, bearer.user_id or 0, _named_ticket(given))
        count(call, RefusalKind.ROLE)
        raise
    except RateLimited:
        count(call, RefusalKind.RATE)
        raise


def _require_no_token(call: CommandContext, given: Mapping[str, Any]) -> None:
    is_slot = bool(given.get("due"))
    if call.actor is None and is_machines_own(call.words, is_slot=is_slot):
        return
    if call.settings.require_token:
        raise AccessRefused(
            "a token is required, and SAVCTL_TOKEN is not set",
            hint="Set SAVCTL_TOKEN or SAVCTL_TOKEN_FILE. The setting require_token asks for it.",
        )


def _is_proved(call: CommandContext) -> bool:
    try:
        return call.token_bearer.user_id is not None
    except SavError:
        return False


def _require_role(call: CommandContext, role: Role | None) -> None:
    if may_run(role, call.words):
        return
    try:
        count_command(call)
    except RateLimited:
        raise
    except SavError:
        pass  # the refusal is certain, whatever the database answers
    raise AccessRefused(
        f"the role {role} may not run 'savctl {call.words}'",
        hint=f"It is for the role {need_of(call.words).for_role}.",
    )


def _warn_of_signature(call: CommandContext) -> None:
    named = call.settings.actor
    if call.actor is None and named not in {None, call.token_bearer.user_id}:
        call.warn(f"SAVCTL_ACTOR {named} is ignored: the token is of another user")


def _note_named(call: CommandContext, user_id: int | None) -> None:
    """Audit whom an admin names: the history has the one named, the audit both."""
    if call.actor in {None, user_id} or call.dry_run:
        return
    from savctl.usecases.access.audit_notes import record_named

    record_named(call.database, call.clock, user_id=user_id, named=call.actor, command=call.words)


def _write_down(call: CommandContext, user_id: int, ticket: str | None) -> None:
    """Audit the refusal; a database that does not answer keeps nobody from being refused."""
    from savctl.usecases.access.audit_notes import record_refusal

    try:
        record_refusal(
            call.unproved_app.database,
            call.clock,
            user_id=user_id,
            command=call.words,
            ticket=ticket,
        )
    except SavError:
        call.warn("the refusal could not be written into the audit")


def _named_ticket(given: Mapping[str, Any]) -> str | None:
    """The ticket that a command names; None when it names none, or several."""
    several: Sequence[object] = given.get("tickets") or ()
    named = several[0] if len(several) == 1 else given.get("ticket")
    return named if isinstance(named, str) else None
