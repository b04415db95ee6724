"""`savctl gdpr requests list, add, confirm, cancel, forgive`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.gdpr import asked
from savctl.cli.user import Person, user_id
from savctl.domain.text import plural
from savctl.errors import Findings

if TYPE_CHECKING:
    from savctl.persistence.privacy.erasure.ledger import StoredErasure
    from savctl.usecases.erasure.requests import RequestChange

_COLUMNS = ("id", "user_id", "state", "due_at", "late", "source", "requested_at", "mode")


@command(
    asked,
    "list",
    examples=["savctl gdpr requests list", "savctl gdpr requests list -o json"],
)
def list_(call: CommandContext) -> Outcome:
    """List who wants to be erased, those due first.

    Exit code 10 when one is late. What is due within 7 days is named on stderr.
    """
    from savctl.domain.privacy.erasure import UNFINISHED
    from savctl.persistence.privacy.erasure.ledger import Erasures
    from savctl.usecases.erasure.requests import SOON

    with call.database.reading() as connection:
        found = Erasures(connection).in_states(UNFINISHED)
    now = call.clock()
    rows = [{**_row(one), "late": one.due_at < now} for one in found]
    soon = [one for one in found if now <= one.due_at <= now + SOON]
    notes = (f"{plural(len(soon), 'request')} due within 7 days",) if soon else ()
    answer = Answer(rows=rows, columns=_COLUMNS, fields=_COLUMNS, key="user_id", noun="requests")
    late = sum(one.due_at < now for one in found)
    if not late:
        return Outcome(answer=answer, notes=notes)
    failure = Findings(
        f"{plural(late, 'request')} late",
        hint="Carry them out: savctl gdpr requests confirm USER, then savctl job run erasure.",
    )
    return Outcome(answer=answer, notes=notes, failures=(failure,))


@command(asked, "add", writes=True, examples=["savctl gdpr requests add 456 --as 5"])
def add(call: CommandContext, named: Person) -> Answer:
    """Write down that a person wants to be erased.

    It is due in one month.
    """
    from savctl.usecases.erasure.requests import add_request

    user = user_id(call, named)
    return _answer(call, add_request(call.operation(), call.settings.erasure_key, user))


@command(asked, "confirm", writes=True, examples=["savctl gdpr requests confirm 456 --as 5"])
def confirm(call: CommandContext, named: Person) -> Answer:
    """Let the job erasure carry a request out."""
    from savctl.usecases.erasure.requests import confirm_request

    user = user_id(call, named)
    return _answer(call, confirm_request(call.operation(), call.settings.erasure_key, user))


@command(asked, "cancel", writes=True, examples=["savctl gdpr requests cancel 456 --as 5"])
def cancel(call: CommandContext, named: Person) -> Answer:
    """Take a request back, as long as nothing was destroyed."""
    from savctl.usecases.erasure.requests import cancel_request

    user = user_id(call, named)
    return _answer(call, cancel_request(call.operation(), call.settings.erasure_key, user))


@command(asked, "forgive", writes=True, examples=["savctl gdpr requests forgive 456 --as 5"])
def forgive(call: CommandContext, named: Person) -> Answer:
    """Let an erased person be a customer again.

    Imports and restores may bring them back from then on.
    """
    from savctl.usecases.erasure.requests import forgive as forgive_person

    user = user_id(call, named)
    changed = forgive_person(call.operation(), call.settings.erasure_key, user)
    if not changed:
        call.note(f"user {user} is not suppressed")
    row: dict[str, object] = {"user_id": user, "changed": changed}
    return Answer(rows=[_dry(call, row)], is_one=True, as_record=True, key="user_id")


def _answer(call: CommandContext, change: RequestChange) -> Answer:
    row = {**(_row(change.request) if change.request else {}), "changed": change.changed}
    return Answer(rows=[_dry(call, row)], is_one=True, as_record=True, key="id")


def _dry(call: CommandContext, row: dict[str, object]) -> dict[str, object]:
    if call.dry_run:
        call.note("dry run: nothing was stored")
        return {**row, "dry_run": True}
    return row


def _row(one: StoredErasure) -> dict[str, object]:
    return {
        "id": one.id,
        "user_id": one.user_id,
        "source": one.source,
        "state": one.state,
        "requested_at": one.requested_at,
        "due_at": one.due_at,
        "mode": one.mode,
    }
