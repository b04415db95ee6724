"""The broker is away: commands succeed, events wait, and arrive in order when it is back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from savctl.domain.events.publish_window import BrokerVerdict, OutboxEvent
from savctl.persistence.engine import Database
from savctl.persistence.schema import versions
from savctl.ports import BrokerUnavailable, Settled
from savctl.usecases.backup.drill.work import DrillFailed, DrillWork
from savctl.usecases.events.relaying import RelayOptions, RelayReport, drain
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.creation import NewTicket, create_ticket

_TICKETS = 3


def rehearse_outage(work: DrillWork) -> float:
    """Create tickets in an empty database while a broker is away, then let it come back.

    Where a broker is configured its exchange must be there; nothing is sent to it.

    Raises:
        SavError: events were lost, or the broker cannot take any.
    """
    if work.broker is not None:
        work.broker.check()
    clock = work.backups.clock
    with (
        tempfile.TemporaryDirectory(prefix="savctl-drill-") as folder,
        closing(Database(f"sqlite:///{Path(folder) / 'savctl.db'}")) as database,
    ):
        versions.upgrade(database, owner=work.backups.owner)
        broker = _Collecting()
        for number in range(_TICKETS):
            wish = NewTicket(user_id=1, subject=f"Drill {number}", description="A drill.")
            create_ticket(Operation(database, clock), wish)
        try:
            drain(database, broker, clock, terms=RelayOptions(), report=RelayReport())
        except BrokerUnavailable:
            broker.is_away = False
        else:
            raise DrillFailed("events were sent to a broker that is away")
        report = RelayReport()
        drain(database, broker, clock, terms=RelayOptions(), report=report)
        if not report.published == len(broker.arrived) >= _TICKETS:
            raise DrillFailed(f"{len(broker.arrived)} of {report.published} events arrived")
    return 0.0


class _Collecting:
    """A broker, and a line to it, that is away at first."""

    name = "the broker of the drill"

    def __init__(self) -> None:
        self.is_away = True
        self.arrived: list[int] = []
        self._settled: list[Settled] = []

    def connect(self, *, held: Iterable[int]) -> _Collecting:
        del held
        self.check()
        return self

    def declare(self) -> None:
        """It is there."""

    def check(self) -> None:
        if self.is_away:
            raise BrokerUnavailable("the broker of the drill is away")

    def check_each(self) -> Mapping[str, BrokerUnavailable | None]:
        self.check()
        return {}

    def send(self, events: Sequence[OutboxEvent]) -> None:
        self.arrived += [event.id for event in events]
        self._settled += [Settled(event.id, BrokerVerdict.CONFIRMED) for event in events]

    def settled(self, *, wait_seconds: float) -> list[Settled]:
        del wait_seconds
        found, self._settled = self._settled, []
        return found

    def close(self) -> None:
        """Nothing is open."""
