"""`demo --replay`: an event log through the rules and jobs of savctl, under a moving clock.

What a replay shares with the commands: the rules (`lifecycle`, asked with the ticket as it is
under its row lock), the gate (`uow.record_many`: row, history, audit and events together), the
messages, the first priority, and the jobs' own use cases. What it does not: it stores up to
`size` events in one transaction, where the commands store one. A refused event changes nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from savctl.domain.imports.replay import decide
from savctl.domain.imports.replay_plan import MESSAGES, Deed, LogEvent, ReplayPlan
from savctl.domain.model import numbers
from savctl.domain.model.history import Action
from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.decision import Decision
from savctl.errors import InvalidInput, Refused
from savctl.html import clean
from savctl.persistence.engine import Database
from savctl.persistence.tickets.imports import Imports
from savctl.persistence.tickets.reads import count_by_status
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import SetClock
from savctl.usecases.replay.log_events import LogReader, OnReject
from savctl.usecases.replay.report import Marks, ReplayReport, merge
from savctl.usecases.replay.timed_jobs import TimedJob
from savctl.usecases.tickets.conversation import add_to_conversation
from savctl.usecases.tickets.creation import checked_ticket, decide_creation


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """How a log is played.

    `bridges` takes the legal steps in between; `jobs` are run at their slots; `on_reject` is
    called for rows that are no events.
    """

    source: str
    how: ReplayPlan
    bridges: bool = False
    jobs: Sequence[TimedJob] = ()
    on_reject: OnReject = lambda _line, _reason: None
    size: int = 1_000
    draw: Callable[[str], str] = secrets.choice
    on_batch: Callable[[ReplayReport], None] = lambda _report: None


def replay(database: Database, clock: SetClock, log: LogReader, terms: Replay) -> ReplayReport:
    """Play a log; every event happens at its recorded time, and jobs run in between.

    At one instant the jobs go first. Nothing happens after the last event.

    Raises:
        Refused: this source was played into this database before.
        Unavailable: the database went away.
    """
    player = _Player(database, clock, log, terms)
    player.require_new()
    batch: list[LogEvent] = []
    for event in log.events():
        if player.is_due(event.at) or len(batch) >= terms.size:
            player.play(batch)
            batch.clear()
            player.run_jobs(event.at)
        batch.append(event)
        for job in terms.jobs:
            job.record_move(event.deed, event.at)
    player.play(batch)
    return player.finished()


@dataclass(slots=True)
class _Tally:
    """What one transaction did; counted once it has been committed."""

    report: ReplayReport = field(default_factory=ReplayReport)
    new: list[int] = field(default_factory=list)
    dirty: set[int] = field(default_factory=set)
    rejects: list[tuple[int, str]] = field(default_factory=list)


class _Player:
    def __init__(self, database: Database, clock: SetClock, log: LogReader, terms: Replay) -> None:
        self._database = database
        self._clock = clock
        self._log = log
        self._terms = terms
        self._report = ReplayReport()
        self._dirty = Marks()

    def require_new(self) -> None:
        """Pass when nothing of this source is here."""
        with self._database.reading() as connection:
            if not Imports(connection).has_any(self._terms.source):
                return
        raise Refused(
            f"{self._terms.source!r} was played into this database before",
            hint="Play it into an empty one: --home DIR.",
        )

    def is_due(self, moment: datetime) -> bool:
        """Whether a job is to be run before or at this instant."""
        slots = (job.next_slot for job in self._terms.jobs)
        return any(slot is not None and slot <= moment for slot in slots)

    def run_jobs(self, until: datetime) -> None:
        """Run the jobs at their slots up to an instant."""
        while self.is_due(until):
            due = [(slot, job) for job in self._terms.jobs if (slot := job.next_slot)]
            slot, job = min(due, key=lambda one: one[0])
            self._clock.at = slot
            job.run_next()

    def play(self, batch: Sequence[LogEvent]) -> None:
        """Store what a batch of events does, in one transaction."""
        if not batch:
            return
        self._clock.at = batch[-1].at
        tally = in_transaction(self._database, lambda uow: self._work(uow, batch))
        for line, reason in tally.rejects:
            self._terms.on_reject(line, reason)
        self._dirty.add(tally.new, tally.dirty)
        merge(self._report, tally.report)
        self._report.first_at = self._report.first_at or batch[0].at
        self._report.last_at = batch[-1].at
        self._terms.on_batch(self._report)

    def finished(self) -> ReplayReport:
        """The report, with how everything ended."""
        with self._database.reading() as connection:
            self._report.final = count_by_status(connection)
        self._report.clean = self._report.cases - self._dirty.count()
        for job in self._terms.jobs:
            self._report.runs[job.name] = job.runs
            self._report.closed[job.name] = job.changed
        return self._report

    def _work(self, uow: UnitOfWork, batch: Sequence[LogEvent]) -> _Tally:
        tally = _Tally()
        tickets = self._tickets(uow, batch, tally)
        changes: list[tuple[Ticket, Decision]] = []
        for event in batch:
            tally.report.events += 1
            ticket = tickets.get(event.case)
            if ticket is None:
                continue
            if event.deed in MESSAGES:  # its event goes behind those of what came before
                uow.record_many(changes)
                changes.clear()
            decision = self._decided(uow, ticket, event, tally)
            if decision is not None and decision.is_change:
                changes.append((ticket, decision))
                tickets[event.case] = decision.ticket
        uow.record_many(changes)
        return tally

    def _tickets(
        self, uow: UnitOfWork, batch: Sequence[LogEvent], tally: _Tally
    ) -> dict[str, Ticket]:
        """The tickets of all cases in the batch, locked; new ones are made."""
        first = {event.case: event for event in reversed(batch)}
        known = uow.imports.known(self._terms.source, list(first))
        locked = {ticket.id: ticket for ticket in uow.tickets.lock_many(known.values())}
        tickets = {case: locked[ticket_id] for case, ticket_id in known.items()}
        firsts = [e for e in batch if e is first[e.case] and e.case not in known]
        made = self._made(uow, firsts, tally)
        uow.imports.remember(self._terms.source, ((case, t.id) for case, t in made.items()))
        tally.report.cases += len(made)
        tally.new = [ticket.id for ticket in made.values()]
        return tickets | made

    def _made(
        self, uow: UnitOfWork, firsts: Sequence[LogEvent], tally: _Tally
    ) -> dict[str, Ticket]:
        made: dict[str, Ticket] = {}
        pending: dict[str, Decision] = {}
        for event in firsts:
            try:
                wanted = checked_ticket(self._log.new_ticket(event))
            except InvalidInput as problem:
                tally.rejects.append((event.line, problem.message))
                continue
            if wanted.priority is None:  # its rules count the earlier tickets
                made |= _stored(uow, pending)
                pending = {}
            number = numbers.ticket_number(self._terms.draw)
            pending[event.case] = decide_creation(
                uow, wanted, number=number, by=event.actor, now=event.at
            )
        return made | _stored(uow, pending)

    def _decided(
        self, uow: UnitOfWork, ticket: Ticket, event: LogEvent, tally: _Tally
    ) -> Decision | None:
        """What the rules make of an event; None when they refuse it."""
        report = tally.report
        try:
            decision = decide(ticket, event, self._terms.how, bridges=self._terms.bridges)
            if event.deed in MESSAGES:
                _add_message(uow, ticket, event)
                report.messages += 1
        except Refused:
            if event.leads_to in {None, ticket.status}:
                report.others[str(event.deed)] += 1
            else:
                report.refused[str(ticket.status), str(event.leads_to)] += 1
                tally.dirty.add(ticket.id)
            return None
        moves = [e for e in decision.entries if e.action == Action.STATUS]
        report.applied.update((str(move.before), str(move.after)) for move in moves)
        report.unchanged += not decision.is_change and event.deed not in MESSAGES | {Deed.CREATE}
        return decision


def _stored(uow: UnitOfWork, decisions: Mapping[str, Decision]) -> dict[str, Ticket]:
    ids = uow.record_new_many(list(decisions.values()))
    return {
        case: decision.ticket.changed(id=ticket_id)
        for (case, decision), ticket_id in zip(decisions.items(), ids, strict=True)
    }


def _add_message(uow: UnitOfWork, ticket: Ticket, event: LogEvent) -> None:
    sender = ("agent", event.agent or event.actor or ticket.assigned_to or ticket.user_id)
    if event.deed is Deed.REPLY:
        sender = ("customer", ticket.user_id)
    body = clean(event.message) or "(no text)"
    is_note = event.deed is Deed.NOTE
    add_to_conversation(uow, ticket, sender=sender, body=body, internal=is_note, now=event.at)
