"""The job's part: what was begun, what a hold had kept, and what a person confirmed (16.1)."""

from __future__ import annotations

from savctl.domain.privacy.erasure import ErasureState
from savctl.errors import Refused
from savctl.persistence.privacy.erasure.ledger import Erasures, StoredErasure
from savctl.persistence.privacy.erasure.legal_holds import held_of
from savctl.persistence.privacy.erasure.scope import Scope
from savctl.persistence.privacy.erasure.work_list import WorkList
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import Item, ItemOutcome
from savctl.usecases.erasure.erasing import resume
from savctl.usecases.erasure.errors import StillFound
from savctl.usecases.erasure.planning import Surroundings


def erase_due(around: Surroundings, terms: BatchContext, *, automatically: bool) -> None:
    """Carry out everything that may be; the unit is persons, named by their pseudonyms.

    A request that a rule refuses (a hold, an agent) is skipped and named; it stays due.

    Raises:
        Unavailable: database or bucket went away; the next run continues.
    """
    for erasure in _due(around, automatically=automatically):
        if terms.should_stop():
            terms.report.left += 1
            continue
        terms.report.add([_carried_out(around, erasure, terms)], seen=1)
        terms.on_batch(terms.report)


def _due(around: Surroundings, *, automatically: bool) -> list[StoredErasure]:
    states = [ErasureState.RUNNING, ErasureState.HELD, ErasureState.CONFIRMED]
    states += [ErasureState.REQUESTED] if automatically else []
    with around.database.reading() as connection:
        found = Erasures(connection).in_states(states)
        return [
            one
            for one in found
            if one.user_id is not None
            and (
                one.state != ErasureState.HELD
                or not held_of(
                    connection, Scope(user_id=one.user_id), WorkList(connection, one.id).links()
                )
            )
        ]


def _carried_out(around: Surroundings, erasure: StoredErasure, terms: BatchContext) -> Item:
    try:
        report = resume(around, erasure, terms)
    except Refused as problem:
        why = f"{problem.code}: {problem.hint or 'see savctl gdpr requests list'}"
        return Item(erasure.person, None, ItemOutcome.SKIPPED, why)
    except StillFound as problem:
        return Item(erasure.person, None, ItemOutcome.FAILED, problem.message)
    if report.is_stopped:
        return Item(erasure.person, None, ItemOutcome.SKIPPED, "stopped; the next run continues")
    done = "would be erased" if terms.dry_run else f"erased: {erasure.id}"
    return Item(erasure.person, None, ItemOutcome.CHANGED, done)
