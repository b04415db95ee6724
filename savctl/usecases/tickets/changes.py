"""What every change of one ticket has in common: lock, ask the rule, record, answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from savctl.domain.model.ticket import Ticket
from savctl.domain.tickets.decision import Decision
from savctl.persistence.engine import Database
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The ticket as it is now, whether this call changed it, and what deserves a warning."""

    ticket: Ticket
    changed: bool
    warnings: tuple[str, ...] = ()
    message_id: int | None = None
    facts: dict[str, object] = field(default_factory=dict)


SAVED_ANYWAY = "; saved anyway"  # how a warning ends that changes nothing about the result
Rule = Callable[[UnitOfWork, Ticket], Decision]


def change_ticket(
    database: Database,
    ref: str | int,
    rule: Rule,
    *,
    dry_run: bool,
    users: tuple[int | None, ...] = (),
    agent: int | None = None,
) -> Change:
    """Lock one ticket, let the rule decide, record it.

    `users` are ids that should be known, `agent` one that should be an agent's.

    Raises:
        NotFound: no such ticket.
        Refused: the rule does not allow it.
    """

    def work(uow: UnitOfWork) -> Change:
        before = uow.tickets.lock(ref)
        decision = rule(uow, before)
        uow.record(decision)
        return answer(uow, before, decision, users=users, agent=agent)

    return in_transaction(database, work, dry_run=dry_run)


def answer(
    uow: UnitOfWork,
    before: Ticket | None,
    decision: Decision,
    *,
    users: tuple[int | None, ...] = (),
    agent: int | None = None,
    message_id: int | None = None,
) -> Change:
    """The outcome of a decision, with the warnings it deserves."""
    warnings = unknown_users(uow, users) + _no_agent(uow, decision.ticket, agent)
    if before is not None and decision.is_change:
        warnings += kept_unreadable(before)
    return Change(
        ticket=decision.ticket,
        changed=decision.is_change or message_id is not None,
        warnings=warnings,
        message_id=message_id,
    )


def kept_unreadable(before: Ticket) -> tuple[str, ...]:
    """A warning when the metadata of a ticket that was changed could not be read."""
    if not before.metadata.was_unreadable:
        return ()
    return (
        f"{before.ticket_number}: metadata was no JSON object; it is kept as metadata.unreadable",
    )


def unknown_users(uow: UnitOfWork, ids: tuple[int | None, ...]) -> tuple[str, ...]:
    """A warning when the copy of the auth service's users lacks one of these ids."""
    unknown = uow.users.unknown(ids)
    if not unknown:
        return ()
    if len(unknown) == 1:
        return (f"user {unknown[0]} is not in the users table yet{SAVED_ANYWAY}",)
    named = ", ".join(map(str, unknown))
    return (f"users {named} are not in the users table yet{SAVED_ANYWAY}",)


def _no_agent(uow: UnitOfWork, ticket: Ticket, agent: int | None) -> tuple[str, ...]:
    """A warning about a customer who never was an agent; the users table has no roles."""
    if agent is None:
        return ()
    if agent == ticket.user_id:
        return (f"user {agent} is the customer of {ticket.ticket_number}; assigned anyway",)
    if not uow.users.is_customer_only(agent, but=ticket.id):
        return ()
    return (f"user {agent} has tickets as a customer and no other one as an agent{SAVED_ANYWAY}",)
