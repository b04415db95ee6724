"""What the audit keeps of tokens: refusals, and whom an admin names as actor (rules 12.6)."""

from __future__ import annotations

from datetime import timedelta

from savctl.domain.model.references import reference
from savctl.errors import SavError
from savctl.persistence.audit_reads import entries_since
from savctl.persistence.engine import Database
from savctl.persistence.metrics.refusals import RefusalKind, count_refusal
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import Clock

REFUSED = "refused"
ACTING_AS = "acting_as"
_PAUSE = timedelta(minutes=1)


def record_refusal(
    database: Database,
    clock: Clock,
    *,
    user_id: int,
    command: str,
    ticket: str | None = None,
) -> None:
    """Write down that a user was refused a command: at most once a minute for both.

    `ticket` is the one that was named, if any; one that does not exist is left out.
    """
    now = clock()
    group, _, verb = command.rpartition(" ")
    entry = {"command": command, "group": group or verb, "verb": verb}

    def work(uow: UnitOfWork) -> None:
        recent = entries_since(uow.connection, now - _PAUSE, action=REFUSED, actor=user_id)
        if entry not in recent:
            ticket_id = _id_of(uow, ticket)
            uow.audit.note(REFUSED, actor=user_id, at=now, details=entry, ticket_id=ticket_id)

    in_transaction(database, work)


def record_refused_kind(database: Database, kind: RefusalKind) -> None:
    """Count a refusal, in a transaction of its own: what was refused did nothing."""
    database.transaction(lambda c: count_refusal(c, kind))


def record_named(
    database: Database, clock: Clock, *, user_id: int | None, named: int | None, command: str
) -> None:
    """Write down that an admin gives another user as the actor of a command."""

    def work(uow: UnitOfWork) -> None:
        details = {"as": named, "command": command}
        uow.audit.note(ACTING_AS, actor=user_id, at=clock(), details=details)

    in_transaction(database, work)


def _id_of(uow: UnitOfWork, ticket: str | None) -> int | None:
    if ticket is None:
        return None
    try:
        return uow.tickets.named(reference(ticket)).id
    except SavError:
        return None
