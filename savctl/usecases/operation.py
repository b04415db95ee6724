"""What every change of one thing is done with: where, when, by whom, and whether for real."""

from __future__ import annotations

from dataclasses import dataclass

from savctl.domain.sla.policy import Policies
from savctl.persistence.engine import Database
from savctl.ports import Clock


@dataclass(frozen=True, slots=True)
class Operation:
    """What a use case takes beside its own parameters.

    Attributes:
        actor: id of the person who does it; None is the system.
        policies: those in force, for what moves a promise.
        dry_run: do everything and store nothing.
        idempotency_key: the same key and content again answers what was done the first time.
    """

    database: Database
    clock: Clock
    actor: int | None = None
    policies: Policies | None = None
    dry_run: bool = False
    idempotency_key: str | None = None
