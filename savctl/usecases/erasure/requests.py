"""Requests for erasure: made, confirmed, cancelled, forgiven (rules 16.2, 16.8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from savctl.domain.privacy.erasure import (
    REQUESTS,
    UNFINISHED,
    ErasureState,
    RequestSource,
    due_after,
)
from savctl.domain.privacy.erasure_keys import ErasureKeys
from savctl.errors import NotFound, Refused
from savctl.persistence.privacy.erasure import suppressions
from savctl.persistence.privacy.erasure.keys import all_keys, made_keys
from savctl.persistence.privacy.erasure.ledger import Erasures, StoredErasure
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.usecases.operation import Operation

SOON = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class RequestChange:
    """A request as it stands, and whether this changed it."""

    request: StoredErasure | None
    changed: bool


class NoRequest(NotFound):
    """Nobody asked to erase this person, or it is done already."""

    code = "no_request"


class RequestCancelled(Refused):
    """The request was cancelled: make a new one."""

    code = "request_cancelled"


class ErasureBegun(Refused):
    """What is destroyed cannot be cancelled."""

    code = "erasure_begun"


def add_request(
    op: Operation,
    configured: ErasureKeys | None,
    user_id: int,
    *,
    source: RequestSource = RequestSource.PERSON,
) -> RequestChange:
    """Write down that a person wants to be erased; a second time changes nothing."""

    def work(uow: UnitOfWork) -> RequestChange:
        now = op.clock()
        change = request_in(uow, configured, user_id, source=source, at=now)
        if change.changed and change.request is not None:
            _note(uow, op, "erasure_requested", change.request, now)
        return change

    return in_transaction(op.database, work, dry_run=op.dry_run)


def request_in(
    uow: UnitOfWork,
    configured: ErasureKeys | None,
    user_id: int,
    *,
    source: RequestSource,
    at: datetime,
) -> RequestChange:
    """The same in a transaction of somebody else's; `at` is when it was asked for."""
    ledger = Erasures(uow.connection)
    keys = made_keys(uow.connection, configured)
    known = ledger.newest(keys.pseudonyms(user_id), UNFINISHED)
    if known is not None:
        return RequestChange(known, changed=False)
    made = ledger.add(
        person=keys.pseudonym(user_id),
        key_id=keys.current,
        user_id=user_id,
        state=str(ErasureState.REQUESTED),
        source=str(source),
        requested_at=at,
        due_at=due_after(at),
    )
    return RequestChange(made, changed=True)


def confirm_request(op: Operation, configured: ErasureKeys | None, user_id: int) -> RequestChange:
    """Let the job carry it out.

    Raises:
        NoRequest: there is none.
        RequestCancelled: the last one was cancelled.
    """

    def change(uow: UnitOfWork, found: StoredErasure, now: datetime) -> bool:
        if found.state != ErasureState.REQUESTED:
            return False
        values = {"state": str(ErasureState.CONFIRMED), "confirmed_at": now, "actor": op.actor}
        Erasures(uow.connection).change(found.id, **values)
        _note(uow, op, "erasure_confirmed", found, now)
        return True

    return _changed(op, configured, user_id, change)


def cancel_request(op: Operation, configured: ErasureKeys | None, user_id: int) -> RequestChange:
    """Take a request back; a cancelled one stays so.

    Raises:
        NoRequest: there is none.
        ErasureBegun: it is being carried out.
    """

    def change(uow: UnitOfWork, found: StoredErasure, now: datetime) -> bool:
        if found.state not in REQUESTS:
            raise ErasureBegun(
                "the erasure has begun and cannot be cancelled",
                hint="Finish it: savctl gdpr erase USER, or the job erasure.",
                id=found.id,
            )
        values = {"state": str(ErasureState.CANCELLED), "user_id": None}
        Erasures(uow.connection).change(found.id, **values)
        _note(uow, op, "erasure_cancelled", found, now)
        return True

    return _changed(op, configured, user_id, change, cancelled_is_done=True)


def forgive(op: Operation, configured: ErasureKeys | None, user_id: int) -> bool:
    """Let an erased person be a customer again; False when nothing kept them from it."""

    def work(uow: UnitOfWork) -> bool:
        keys = all_keys(uow.connection, configured)
        if keys is None or not suppressions.forgive(uow.connection, keys.pseudonyms(user_id)):
            return False
        details = {"person": keys.pseudonym(user_id)}
        uow.audit.note("erasure_forgiven", actor=op.actor, at=op.clock(), details=details)
        return True

    return in_transaction(op.database, work, dry_run=op.dry_run)


def _changed(
    op: Operation,
    configured: ErasureKeys | None,
    user_id: int,
    change: Callable[[UnitOfWork, StoredErasure, datetime], bool],
    *,
    cancelled_is_done: bool = False,
) -> RequestChange:
    def work(uow: UnitOfWork) -> RequestChange:
        ledger = Erasures(uow.connection)
        keys = all_keys(uow.connection, configured)
        persons = keys.pseudonyms(user_id) if keys is not None else ()
        found = ledger.newest(persons, UNFINISHED)
        if found is None:
            last = ledger.newest(persons, (ErasureState.CANCELLED,))
            if last is None:
                raise NoRequest(
                    f"nobody asked to erase user {user_id}",
                    hint=f"Run 'savctl gdpr requests add {user_id}'.",
                    user_id=user_id,
                )
            if cancelled_is_done:
                return RequestChange(last, changed=False)
            raise RequestCancelled(
                f"the request to erase user {user_id} was cancelled",
                hint=f"Run 'savctl gdpr requests add {user_id}' for a new one.",
                user_id=user_id,
            )
        done = change(uow, found, op.clock())
        return RequestChange(ledger.get(found.id), changed=done)

    return in_transaction(op.database, work, dry_run=op.dry_run)


def _note(
    uow: UnitOfWork, op: Operation, action: str, found: StoredErasure, now: datetime
) -> None:
    details = {"id": found.id, "person": found.person, "source": found.source}
    uow.audit.note(action, actor=op.actor, at=now, details=details)
