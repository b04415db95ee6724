"""`doctor`: everything savctl depends on, looked at; nothing is changed.

The bucket is tried as well: with a probe that is taken away again.

Each check answers with rows; one that fails answers with the failure and the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from savctl.domain.clock_skew import SKEW_LIMIT
from savctl.errors import SavError, Unavailable
from savctl.persistence.engine import Database
from savctl.persistence.schema.server_info import is_there
from savctl.ports import Broker, Clock, ObjectStore, Queues, Scanner, system_clock
from savctl.ports.ticket_cache import TicketCache
from savctl.usecases.database.status import ping
from savctl.usecases.mirror.mirror import Mirror


class CheckLevel(StrEnum):
    """How well it is: `error` needs somebody now; what is `off` is not configured."""

    OFF = "off"
    OK = "ok"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What was looked at, how it is, and what to do; no advice where all is well."""

    check: str
    level: CheckLevel
    found: str
    advice: str | None = None

    def as_row(self) -> dict[str, object]:
        """The form in which it is printed."""
        return {
            "check": self.check,
            "level": str(self.level),
            "found": self.found,
            "advice": self.advice,
        }


_PLACES = "savctl config show names the addresses in use"


def no_jobs() -> Mapping[str, datetime]:
    """Nothing is known of schedules."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What is examined. `due` answers the oldest slot that each job has not run yet;
    `nodes` are the nodes of the database's cluster that are to be looked at one by one.
    `host_clock` is this machine's own, whatever `clock` is; beyond `clock_skew_limit` it may
    decide nothing. `unmirrored` are places of data that the mirror does not copy."""

    database: Database
    clock: Clock
    nodes: Sequence[Database] = ()
    broker: Broker | None = None
    queues: Queues | None = None
    queue_names: Sequence[str] = ()
    store: ObjectStore | None = None
    ticket_cache: TicketCache | None = None
    scanner: Scanner | None = None
    mirror: Mirror | None = None
    unmirrored: Sequence[str] = ()
    due: Callable[[], Mapping[str, datetime]] = no_jobs
    lease_seconds: int = 60
    host_clock: Clock = system_clock
    clock_skew_limit: timedelta = SKEW_LIMIT


Check = Callable[[Environment], Iterable[CheckResult]]


@dataclass(slots=True)
class Diagnosis:
    """All results; `is_reachable` is False when the database does not answer."""

    results: list[CheckResult] = field(default_factory=list)
    is_reachable: bool = True

    @property
    def errors(self) -> Sequence[CheckResult]:
        """The results that need somebody."""
        return [result for result in self.results if result.level is CheckLevel.ERROR]


def diagnose(
    environment: Environment,
    checks: Mapping[str, Check],
    *,
    elsewhere: Mapping[str, Check] = MappingProxyType({}),
) -> Diagnosis:
    """Reach the database, then examine everything that can be examined, each on its own.

    What is `elsewhere` is examined without a database as well.
    """
    diagnosis = Diagnosis()
    is_reached = _reach(environment, diagnosis)
    for name, check in {**(checks if is_reached else {}), **elsewhere}.items():
        _examine(environment, name, check, diagnosis)
    return diagnosis


def _reach(environment: Environment, diagnosis: Diagnosis) -> bool:
    if not is_there(environment.database):
        diagnosis.results.append(_not_made_yet(environment.database))
        return False
    try:
        pong = ping(environment.database)
    except SavError as failure:
        diagnosis.results.append(_failed("database", failure))
        diagnosis.is_reachable = not isinstance(failure, Unavailable)
        return False
    found = f"{pong.database}: {pong.server} {pong.version}, {pong.round_trip_ms} ms"
    diagnosis.results.append(CheckResult(check="database", level=CheckLevel.OK, found=found))
    return True


def _not_made_yet(database: Database) -> CheckResult:
    return CheckResult(
        check="database",
        level=CheckLevel.WARN,
        found=f"there is no database file {database.name} yet",
        advice="Run 'savctl db upgrade', or any command that needs it.",
    )


def _examine(environment: Environment, name: str, check: Check, diagnosis: Diagnosis) -> None:
    try:
        diagnosis.results.extend(check(environment))
    except SavError as failure:
        diagnosis.results.append(_failed(name, failure))


def _failed(check: str, failure: SavError) -> CheckResult:
    advice = failure.hint or f"Run 'savctl doctor -v' for the cause; {_PLACES}."
    return CheckResult(check=check, level=CheckLevel.ERROR, found=failure.message, advice=advice)
