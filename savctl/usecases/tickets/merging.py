"""Merging tickets: one transaction for everything, whatever their number (rules 6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from savctl.domain import text
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.text import plural
from savctl.domain.tickets import merging
from savctl.domain.tickets.closing import LastPublic
from savctl.domain.tickets.decision import Decision
from savctl.domain.tickets.merging import MergeSource, is_foreign
from savctl.errors import NotFound, Refused
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.usecases.batch.idempotency import IdempotencyKey
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.changes import kept_unreadable, unknown_users

Ref = str | int
_NAMED_TICKETS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeOptions:
    """How a merge is done: why, and whether over the border between two customers."""

    reason: str | None = None
    across: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The target as it is now, what each source brought, and what deserves a warning."""

    target: Ticket
    sources: tuple[dict[str, Any], ...] = ()
    messages: int = 0
    attachments: int = 0
    warnings: tuple[str, ...] = ()
    is_replayed: bool = False


def merge_tickets(
    op: Operation, sources: Sequence[Ref], target: Ref, *, terms: MergeOptions = MergeOptions()
) -> Merged:
    """Merge tickets into another one: all of them, or none.

    Raises:
        NotFound: one of them is not there.
        Refused: one of them cannot be merged; the message names every one and why.
    """
    reason = text.reason(terms.reason)
    given = {
        "sources": [str(ref) for ref in sources],
        "into": str(target),
        "across": terms.across,
        "reason": reason,
    }
    once = IdempotencyKey(op.idempotency_key, command="ticket merge", given=given)

    def work(uow: UnitOfWork) -> Merged:
        *named, into = uow.tickets.lock_all([*sources, target])
        if (previous := once.previous(uow)) is not None:
            return Merged(target=into, **_kept(previous), is_replayed=True)
        tickets = list({ticket.id: ticket for ticket in named}.values())
        _require_mergeable(uow, tickets, into, across=terms.across)
        now = uow.moment(op.clock(), *tickets, into)
        found, counts = _move(uow, tickets, into, now)
        waits = bool(found) and into.status is Status.WAITING_CUSTOMER
        is_newest = waits and _customer_is_newest(uow, into)
        decisions = [
            (s.ticket, merging.close_source(s, into, by=op.actor, now=now, reason=reason))
            for s in found
        ]
        taken = merging.absorb_into_target(
            into, found, by=op.actor, now=now, reason=reason, customer_is_newest=is_newest
        )
        uow.record_many([*decisions, (into, taken)])
        merged = Merged(
            target=taken.ticket,
            sources=tuple(
                _brought(s, d, into) for s, (_, d) in zip(found, decisions, strict=True)
            ),
            messages=counts[0],
            attachments=counts[1],
            warnings=tuple(_warnings(uow, found, into, taken, op.actor)),
        )
        once.store(uow, _kept_form(merged), at=now)
        return merged

    return in_transaction(op.database, work, dry_run=op.dry_run)


def root_of(uow: UnitOfWork, ticket: Ticket) -> str | None:
    """The number of the ticket at the end of its merges; None when it was not merged."""
    link, seen, number = merging.merged_into(ticket), {ticket.id}, None
    while link is not None and link[0] not in seen:
        ticket_id, number = link
        seen.add(ticket_id)
        try:
            link = merging.merged_into(uow.tickets.get(ticket_id))
        except NotFound:  # archived or erased: the link is all that is known
            break
    return number


def _require_mergeable(
    uow: UnitOfWork, sources: Sequence[Ticket], target: Ticket, *, across: bool
) -> None:
    merging.require_target(target, root=root_of(uow, target))
    refusals = []
    for source in sources:
        try:
            root = root_of(uow, source)
            merging.require_source(source, target, across=across, root=root)
        except Refused as refusal:
            refusals.append(refusal)
    if len(refusals) == 1:
        raise refusals[0]
    if refusals:
        reasons = "; ".join(refusal.message for refusal in refusals[:_NAMED_TICKETS])
        more = (
            f"; and {len(refusals) - _NAMED_TICKETS} more"
            if len(refusals) > _NAMED_TICKETS
            else ""
        )
        raise Refused(
            f"{len(refusals)} of {plural(len(sources), 'ticket')} cannot be merged into "
            f"{target.ticket_number}, so none was: {reasons}{more}",
            hint="Leave those out, or put right what is named.",
            ticket_numbers=[refusal.facts.get("ticket_number") for refusal in refusals],
        )


def _move(
    uow: UnitOfWork, tickets: Sequence[Ticket], target: Ticket, now: datetime
) -> tuple[list[MergeSource], tuple[int, int]]:
    """Descriptions become messages, then everything moves; answers what each source had.

    A customer must not read another one's words: foreign messages become notes, and foreign
    files that hang on no message hang on the note that the description became.
    """
    ids = [ticket.id for ticket in tickets]
    if not ids:
        return [], (0, 0)
    uow.moves.descriptions(tickets, now=now)
    lines, files = uow.moves.hanging(ids)
    loose: dict[int, frozenset[int]] = {}
    for file in files:
        if file.message_id is None:
            loose[file.ticket_id] = loose.get(file.ticket_id, frozenset()) | {file.id}
    found = [
        MergeSource(
            ticket=ticket,
            lines=tuple(lines[ticket.id]),
            description=lines[ticket.id][-1].id,  # the newest: nobody else writes to a locked one
            files=loose.get(ticket.id, frozenset()),
        )
        for ticket in tickets
    ]
    foreign = [source for source in found if is_foreign(source.ticket, target)]
    uow.moves.hide([source.ticket.id for source in foreign])
    for source in foreign:
        uow.moves.hang(sorted(source.files), source.description)
    if files:
        uow.moves.files_to(target.id, of=ids)
    return found, (uow.moves.messages_to(target.id, of=ids), len(files))


def _customer_is_newest(uow: UnitOfWork, target: Ticket) -> bool:
    """Whether the newest public message is the customer's; ties are theirs (rules 11.4)."""
    last = uow.messages.last_public([target]).get(target.id, LastPublic())
    if last.customer_at is None:
        return False
    return last.agent_at is None or last.customer_at >= last.agent_at


def _brought(source: MergeSource, decision: Decision, target: Ticket) -> dict[str, Any]:
    return {
        "id": source.ticket.id,
        "ticket_number": source.ticket.ticket_number,
        "user_id": source.ticket.user_id,
        "previous_status": str(source.ticket.status),
        "status": str(decision.ticket.status),
        "messages": len(source.lines),
        "internal": is_foreign(source.ticket, target),
    }


def _warnings(
    uow: UnitOfWork, sources: Sequence[MergeSource], into: Ticket, taken: Decision, by: int | None
) -> Iterator[str]:
    target = taken.ticket
    yield from unknown_users(uow, (by,))
    for before in (*(source.ticket for source in sources), into):
        yield from kept_unreadable(before)
    other = [s.ticket for s in sources if s.ticket.order_id not in {None, target.order_id}]
    if target.order_id is not None:
        for ticket in other[:_NAMED_TICKETS]:
            yield (
                f"{ticket.ticket_number} is about order {ticket.order_id}, "
                f"{target.ticket_number} about {target.order_id}"
            )
    if target.status is Status.RESOLVED and target.resolved_at is not None:
        last = uow.messages.last_public([target]).get(target.id, LastPublic())
        if last.customer_at is not None and last.customer_at >= target.resolved_at:
            yield (
                f"{target.ticket_number} is resolved, and its customer wrote later: "
                "close-resolved holds it; "
                f"savctl ticket reopen {target.ticket_number} takes it up again"
            )


def _kept_form(merged: Merged) -> dict[str, Any]:
    return {
        "sources": list(merged.sources),
        "messages": merged.messages,
        "attachments": merged.attachments,
    }


def _kept(previous: dict[str, Any]) -> dict[str, Any]:
    return {**previous, "sources": tuple(previous["sources"])}
