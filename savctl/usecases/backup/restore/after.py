"""The steps after a restore: each is repeatable, and one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from savctl.domain.clock import second_text
from savctl.domain.text import plural
from savctl.errors import SavError
from savctl.persistence.audit import Audit
from savctl.persistence.backups import restored
from savctl.persistence.backups.restored import ReplacedDatabase
from savctl.persistence.engine import Database
from savctl.persistence.privacy.erasure.suppressions import suppressed
from savctl.persistence.schema import versions
from savctl.usecases.backup.work import BackupWork
from savctl.usecases.batch.batches import BatchContext
from savctl.usecases.batch.report import BatchReport
from savctl.usecases.database.integrity import CheckOptions, check_integrity
from savctl.usecases.erasure.erasing import ErasureWish, erase_person
from savctl.usecases.erasure.planning import Surroundings


@dataclass(slots=True, kw_only=True)
class RestoreSteps:
    """What was done after the load; `failed` needs a person, `broken` is what db check found."""

    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredCopy:
    """A restored database, where it came from, and what is known of the one before it."""

    work: BackupWork
    database: Database
    backup_id: str
    replaced: ReplacedDatabase | None
    suppressing: ReplacedDatabase | None
    resends: bool
    by: int | None


def finish(copy: RestoredCopy) -> RestoreSteps:
    """Make a restored database safe to be used."""
    steps = RestoreSteps()
    for name, step in _STEPS:
        try:
            steps.done.append(step(copy, steps))
        except SavError as problem:
            steps.failed.append(f"{name}: {problem.message}")
    return steps


def _upgrade(copy: RestoredCopy, _: RestoreSteps) -> str:
    with suppress(SavError):  # an older schema may lack the table
        copy.database.transaction(restored.free_leases)
    changed = versions.upgrade(copy.database, owner=copy.work.owner)
    return "schema brought up to date" if changed else "schema is current"


def _hold_events(copy: RestoredCopy, _: RestoreSteps) -> str:
    if copy.resends:
        return "events that wait are sent, also those that were sent before"
    at = copy.work.clock()
    done = copy.database.transaction(
        lambda c: restored.settle_events(c, copy.replaced, backup_id=copy.backup_id, at=at)
    )
    text = f"{plural(done.marked, 'event')} marked as sent, {plural(done.held, 'event')} held"
    if done.held:
        text += ": savctl event relay --resend, or event skip"
    if done.ahead:
        text += f"; {plural(done.ahead, 'event')} sent of changes that are not restored"
    return text


def _brake(copy: RestoredCopy, _: RestoreSteps) -> str:
    text = f"the backup {copy.backup_id} was restored at {second_text(copy.work.clock())}"
    copy.database.transaction(lambda c: restored.brake_orphans(c, text))
    return "orphan-cleanup is braked until 'savctl job run orphan-cleanup --force'"


def _erase_again(copy: RestoredCopy, steps: RestoreSteps) -> str:
    suppressing = copy.suppressing
    if suppressing is not None:
        copy.database.transaction(lambda c: restored.add_suppressions(c, suppressing))
    persons: set[int] = set()
    with copy.database.reading() as connection:
        for some in list(restored.customer_ids(connection)):
            persons |= suppressed(connection, some, copy.work.erasure_keys)
    around = Surroundings(
        database=copy.database,
        store=copy.work.store(),
        cold=copy.work.cold(),
        clock=copy.work.clock,
        keys=copy.work.erasure_keys,
        keep=copy.work.keep,
    )
    erased = 0
    for person in sorted(persons):
        wish = ErasureWish(
            user_id=person, by=copy.by, reason=f"restored with backup {copy.backup_id}"
        )
        try:
            erase_person(around, wish, BatchContext(report=BatchReport()))
            erased += 1
        except SavError as problem:
            steps.failed.append(f"an erased person is back: {problem.message}")
    return f"{plural(erased, 'erased person', 'erased persons')} erased again"


def _audit(copy: RestoredCopy, _: RestoreSteps) -> str:
    at, details = copy.work.clock(), {"backup": copy.backup_id}
    copy.database.transaction(
        lambda c: Audit(c).note("backup_restored", actor=copy.by, at=at, details=details)
    )
    return "the audit has an entry backup_restored"


def _check(copy: RestoredCopy, steps: RestoreSteps) -> str:
    report = check_integrity(copy.database, copy.work.clock, terms=CheckOptions())
    steps.broken += [f.invariant.id for f in report.ordered() if f.is_open]
    return f"db check: {plural(report.tickets, 'ticket')} checked"


Step = Callable[[RestoredCopy, RestoreSteps], str]
# Events first: whatever fails behind, nothing is sent twice.
_STEPS: tuple[tuple[str, Step], ...] = (
    ("schema", _upgrade),
    ("events", _hold_events),
    ("orphan brake", _brake),
    ("erased persons", _erase_again),
    ("audit", _audit),
    ("db check", _check),
)
