"""One person is erased: work list, places, verification, certificate (rules 16.6).

The work list is committed before anything is destroyed; from then on the same command, or the
job, carries the same erasure to its end, however often it is killed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from savctl.domain.privacy.erasure import (
    ENDED,
    REQUESTS,
    ErasureState,
    Mode,
    RequestSource,
    due_after,
)
from savctl.domain.privacy.erasure_keys import STORED_KEY, ErasureKeys
from savctl.persistence.privacy.erasure.keys import all_keys, made_keys
from savctl.persistence.privacy.erasure.ledger import Erasures, StoredErasure
from savctl.persistence.privacy.erasure.person_rows import email_of
from savctl.persistence.privacy.erasure.suppressions import suppress
from savctl.persistence.privacy.erasure.work_list import WorkList
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.erasure.certifying import certify
from savctl.usecases.erasure.errors import OtherErasure, StillFound, nobody
from savctl.usecases.erasure.place import ErasureWork, Stopped
from savctl.usecases.erasure.places import all_places
from savctl.usecases.erasure.planning import ErasurePlan, Surroundings, count_all, left_in, plan_of

ROUNDS = 3
_GOES_ON = (*REQUESTS, ErasureState.RUNNING, ErasureState.HELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureWish:
    """Whom to erase, how, why, and who asks."""

    user_id: int
    mode: Mode = Mode.DELETE
    reason: str | None = None
    by: int | None = None
    except_held: bool = False


@dataclass(slots=True, kw_only=True)
class ErasureReport:
    """What became of it; `certificate` is empty in a dry run and when it was stopped."""

    plan: ErasurePlan
    changed: bool = False
    certificate: Mapping[str, object] = field(default_factory=dict)
    is_stopped: bool = False
    stores_key: bool = False  # the key of pseudonyms lies in the database


def erase_person(around: Surroundings, wish: ErasureWish, terms: BatchContext) -> ErasureReport:
    """Erase a person everywhere, or show in a dry run what that would be.

    Raises:
        NotFound: nothing is known of them.
        HeldBack, StillAgent: nothing was done.
        OtherErasure: the one that was begun is of another mode; nothing was done.
        StillFound: something is left after three rounds; there is no certificate.
        Unavailable: database or bucket went away; the same command continues it.
    """
    with around.database.reading() as connection:
        keys = all_keys(connection, around.keys)
        persons = keys.pseudonyms(wish.user_id) if keys is not None else ()
        ended = Erasures(connection).newest(persons, ENDED)
        begun = Erasures(connection).newest(persons, _GOES_ON)
    goes_on = begun.id if begun is not None else None
    plan = plan_of(around, wish.user_id, wish.mode, begun=goes_on)
    report = ErasureReport(plan=plan)
    is_unknown = not plan.total and not plan.held and not plan.works_on
    if is_unknown and (begun is None or begun.state in REQUESTS):
        if ended is None and begun is None:
            raise nobody(wish.user_id)
        if ended is not None and begun is None:
            report.certificate = json.loads(ended.certificate or "{}")
            return report
    if begun is not None and begun.state == ErasureState.HELD and plan.held and not plan.total:
        report.certificate = json.loads(begun.certificate or "{}")
        return report
    plan.require_free(except_held=wish.except_held or _is_partial(begun))
    if begun is not None and begun.mode not in {None, str(wish.mode)}:
        raise OtherErasure(
            f"an erasure of this person was begun with --mode {begun.mode}",
            hint=f"Run the same command with --mode {begun.mode} to finish it.",
            id=begun.id,
        )
    if terms.dry_run:
        return report
    erasure, made = _begin(around, wish, plan, begun, terms)
    report.stores_key = made.current == STORED_KEY
    _carry_out(around, erasure, report, made, terms)
    return report


def resume(around: Surroundings, erasure: StoredErasure, terms: BatchContext) -> ErasureReport:
    """Carry an erasure on, as it was asked for (the job's way)."""
    if erasure.user_id is None:
        raise ValueError(f"{erasure.id} is done")
    wish = ErasureWish(
        user_id=erasure.user_id,
        mode=Mode(erasure.mode or Mode.DELETE),
        reason=erasure.reason,
        by=erasure.actor,
        except_held=bool(erasure.except_held),
    )
    return erase_person(around, wish, terms)


def _is_partial(begun: StoredErasure | None) -> bool:
    return begun is not None and bool(begun.except_held) and begun.state not in REQUESTS


def _begin(
    around: Surroundings,
    wish: ErasureWish,
    plan: ErasurePlan,
    begun: StoredErasure | None,
    terms: BatchContext,
) -> tuple[StoredErasure, ErasureKeys]:
    """Commit the intent: work list and suppression, or what an earlier run wrote of them."""

    def work(uow: UnitOfWork) -> tuple[StoredErasure, ErasureKeys]:
        now, ledger = around.clock(), Erasures(uow.connection)
        keys = made_keys(uow.connection, around.keys)
        found = begun or ledger.add(
            person=keys.pseudonym(wish.user_id),
            key_id=keys.current,
            user_id=wish.user_id,
            state=str(ErasureState.REQUESTED),
            source=str(RequestSource.PERSON),
            requested_at=now,
            due_at=due_after(now),
        )
        is_new = found.started_at is None
        values: dict[str, object] = {"state": str(ErasureState.RUNNING), "mode": str(wish.mode)}
        values["except_held"] = wish.except_held or bool(found.except_held)
        if is_new:
            reason = wish.reason if wish.reason is not None else found.reason
            values |= {"started_at": now, "reason": reason, "actor": wish.by}
            details = {"id": found.id, "person": found.person, "mode": str(wish.mode)}
            uow.audit.note("erasure", actor=wish.by, at=now, details=details)
        ledger.change(found.id, **values)
        WorkList(uow.connection, found.id).write(plan.found)
        suppress(uow.connection, found.person, key_id=found.key_id, erasure_id=found.id, at=now)
        return ledger.get(found.id), keys

    return in_transaction(around.database, work, fence=terms.fence)


def _carry_out(
    around: Surroundings,
    erasure: StoredErasure,
    report: ErasureReport,
    keys: ErasureKeys,
    terms: BatchContext,
) -> None:
    with around.database.reading() as connection:
        email = email_of(connection, report.plan.scope.user_id)
    work = ErasureWork(
        database=around.database,
        store=around.store,
        cold=around.cold,
        clock=around.clock,
        terms=terms,
        erasure=erasure,
        base=report.plan.scope,
        email=email,
        keep=around.keep,
        mirror=around.mirror,
    )
    try:
        rounds, found = _rounds(work)
    except Stopped:
        report.is_stopped, terms.report.left = True, 1
        return
    report.certificate = certify(work, keys, report.plan.held, rounds=rounds, found=found)
    report.changed = True


def _rounds(work: ErasureWork) -> tuple[int, dict[str, int]]:
    """Erase and search again until nothing is found; answers what stays by rule."""
    last = all_places()[-1]
    for done in range(1, ROUNDS + 1):
        for place in all_places()[:-1]:
            _clear(work, place.name)
        found = count_all(work.search)
        if not left_in(found):
            _clear(work, last.name)
            return done, found
        work.transact(lambda uow, found=found: work.listed(uow).write(found))  # type: ignore[misc]
    left = ", ".join(f"{name} ({count})" for name, count in left_in(found).items())
    raise StillFound(
        f"after {ROUNDS} rounds something is still found: {left}; there is no certificate",
        hint="Is somebody writing for this person? Run the same command again.",
        id=work.erasure.id,
    )


def _clear(work: ErasureWork, name: str) -> None:
    place = next(place for place in all_places() if place.name == name)
    place.erase(work)
    work.transact(lambda uow: work.listed(uow).cleared(name))
