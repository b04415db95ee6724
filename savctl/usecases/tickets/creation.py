"""Creating and editing tickets (rules 4.1)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from savctl.domain import text
from savctl.domain.clock import micro_text, to_the_second
from savctl.domain.encryption.places import encrypted_within, path_of
from savctl.domain.encryption.values import PREFIX, is_encrypted
from savctl.domain.model import numbers
from savctl.domain.model.metadata import EMPTY, Metadata
from savctl.domain.model.own_members import RESERVED
from savctl.domain.model.priority import Priority, PriorityFacts, PriorityRules, first_priority
from savctl.domain.model.states import Status
from savctl.domain.model.ticket import Ticket
from savctl.domain.sla.policy import Policies
from savctl.domain.sync.checked import CheckedOrder, after_edit, with_check
from savctl.domain.tickets import lifecycle
from savctl.domain.tickets.decision import Decision
from savctl.domain.tickets.tags import tags_after
from savctl.errors import InvalidInput
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.usecases.batch.idempotency import IdempotencyKey
from savctl.usecases.operation import Operation
from savctl.usecases.tickets import sanitize
from savctl.usecases.tickets.changes import Change, change_ticket, unknown_users


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTicket:
    """What a customer or an operator asks for; `order_value` is in EUR."""

    user_id: int
    subject: str
    description: str
    priority: Priority | None = None
    category: str | None = None
    order_id: int | None = None
    tags: tuple[str, ...] = ()
    meta: Mapping[str, object] = field(default_factory=dict)
    order_value: Decimal | None = None
    is_payment_failed: bool = False
    is_vip: bool = False
    follow_up_of: str | int | None = None


def create_ticket(
    op: Operation,
    wanted: NewTicket,
    *,
    draw: Callable[[str], str] = secrets.choice,
    others: Mapping[str, object] | None = None,
    also: Callable[[UnitOfWork, Ticket], None] | None = None,
    reserved_id: int = 0,
    order: CheckedOrder | None = None,
) -> tuple[Change, bool]:
    """Create a ticket; answers it and whether the answer is a replayed one.

    `order` is what a check of its order brought, if there was one.

    `also` is done in the same transaction, on the new ticket; `others` is what it depends on,
    for the idempotency key. The ticket gets the reserved id, if there is one.

    Raises:
        InvalidInput: a field is empty, too long or no text.
        NotFound: the ticket it follows up does not exist.
    """
    wanted = checked_ticket(wanted)
    once = creation_once(op, wanted, others)

    def work(uow: UnitOfWork) -> tuple[Change, bool]:
        if (previous := once.previous(uow)) is not None:
            return Change(ticket=uow.tickets.get(previous["id"]), changed=False), True
        now = op.clock()
        number = numbers.ticket_number(draw)
        decision = decide_creation(
            uow, wanted, number=number, by=op.actor, now=now, policies=op.policies, order=order
        )
        ticket = uow.record_new(decision.with_id(reserved_id))
        if also is not None:
            also(uow, ticket)
        once.store(uow, {"id": ticket.id}, at=now)
        warnings = _creation_warnings(uow, wanted, by=op.actor)
        return Change(ticket=ticket, changed=True, warnings=warnings), False

    return in_transaction(op.database, work, dry_run=op.dry_run)


def creation_once(
    op: Operation, wanted: NewTicket, others: Mapping[str, object] | None = None
) -> IdempotencyKey:
    """What makes two creations the same request; of it a digest is kept.

    What is encrypted in the ticket is in the digest by a keyed one: who has the database could
    guess a phone number by trying all of them (rules 13.1).
    """
    given = {**asdict(wanted), **(others or {})}
    if op.idempotency_key is not None:
        given["meta"] = op.database.codec.with_digests(wanted.meta)
    return IdempotencyKey(op.idempotency_key, command="ticket create", given=given)


def is_repeated(uow: UnitOfWork, op: Operation) -> bool:
    """Whether the operation's key was used before: nothing is created, whatever is asked."""
    return op.idempotency_key is not None and uow.answers.is_known(op.idempotency_key)


def decide_creation(
    uow: UnitOfWork,
    wanted: NewTicket,
    *,
    number: str,
    by: int | None,
    now: datetime,
    policies: Policies | None = None,
    order: CheckedOrder | None = None,
) -> Decision:
    """The decision that makes a checked ticket, its priority by the rules; not stored yet."""
    known = policies or Policies()
    draft = _draft(uow, wanted, number, by, now, known.current.rules, order)
    return lifecycle.create(draft, by=by, now=now, policies=known)


def _creation_warnings(uow: UnitOfWork, wanted: NewTicket, *, by: int | None) -> tuple[str, ...]:
    """What deserves a warning about a new ticket."""
    warnings = unknown_users(uow, (wanted.user_id, by))
    if wanted.follow_up_of is None:
        return warnings
    before = uow.tickets.named(wanted.follow_up_of)
    if before.user_id == wanted.user_id:
        return warnings
    whose = f"of customer {before.user_id}, not of customer {wanted.user_id}"
    return (*warnings, f"{before.number} is a ticket {whose}; saved anyway")


def edit_ticket(
    op: Operation,
    ref: str | int,
    fields: Mapping[str, Any],
    *,
    add_tags: tuple[str, ...] = (),
    remove_tags: tuple[str, ...] = (),
    meta: Mapping[str, object] | None = None,
    checks_orders: bool = False,
) -> Change:
    """Change subject, description, category, order, tags or free metadata of a ticket.

    What was known of another order goes; with `checks_orders` a new one is asked for later.
    """
    checked = _checked_fields(fields)
    _check_meta(meta or {})
    for tag in add_tags:
        text.line("tag", tag)
    if not (checked or add_tags or remove_tags or meta):
        raise InvalidInput("nothing to change", hint="Name at least one field to edit.")

    def rule(uow: UnitOfWork, ticket: Ticket) -> Decision:
        wanted = dict(checked)
        _require_own_place(meta or {}, lambda *at: op.database.codec.opens(ticket.id, *at))
        metadata = _edited(ticket.metadata, add_tags, remove_tags, meta or {})
        is_other = checked.get("order_id", ticket.order_id) != ticket.order_id
        metadata = after_edit(metadata, is_other_order=is_other, checks=checks_orders)
        if metadata != ticket.metadata:
            wanted["metadata"] = metadata
        return lifecycle.edit(ticket, wanted, by=op.actor, now=uow.moment(op.clock(), ticket))

    return change_ticket(op.database, ref, rule, dry_run=op.dry_run, users=(op.actor,))


def _draft(
    uow: UnitOfWork,
    wanted: NewTicket,
    number: str,
    by: int | None,
    now: datetime,
    rules: PriorityRules,
    checked: CheckedOrder | None,
) -> Ticket:
    previous = 0
    if wanted.category is not None and wanted.priority is None:
        previous = uow.tickets.count_same_category(wanted.user_id, wanted.category)
    is_vip = wanted.is_vip or uow.vips.has(wanted.user_id)
    order = checked.order if checked is not None else None
    value = order.value_in_eur if order is not None else None
    facts = PriorityFacts(
        order_value=value if value is not None else wanted.order_value,
        is_payment_failed=wanted.is_payment_failed
        or (order is not None and order.is_payment_failed),
        is_vip=is_vip,
        earlier_same_category=previous,
    )
    priority, reasons = first_priority(facts, explicit=wanted.priority, rules=rules)
    members: dict[str, object] = {**wanted.meta, "priority_reasons": list(reasons)}
    members |= _facts_as_given(wanted)
    if is_vip:
        members["vip"] = True
    if wanted.follow_up_of is not None:
        before = uow.tickets.named(wanted.follow_up_of)
        members["follow_up_of"] = {
            "ticket_id": before.id,
            "ticket_number": before.number,
            "at": micro_text(now),
            "actor": by,
        }
    metadata = EMPTY.with_members(**members)
    if checked is not None:
        metadata = with_check(metadata, checked)
    return Ticket(
        id=0,
        ticket_number=number,
        user_id=wanted.user_id,
        subject=wanted.subject,
        description=wanted.description,
        priority=priority,
        status=Status.OPEN,
        category=wanted.category,
        order_id=wanted.order_id,
        metadata=metadata,
        created_at=to_the_second(now),
        updated_at=to_the_second(now),
    )


def _facts_as_given(wanted: NewTicket) -> dict[str, object]:
    members: dict[str, object] = {}
    if wanted.tags:
        members["tags"] = list(dict.fromkeys(wanted.tags))
    if wanted.order_value is not None:
        members["order_value"] = float(wanted.order_value)
    if wanted.is_payment_failed:
        members["payment_failed"] = True
    return members


def checked_ticket(wanted: NewTicket) -> NewTicket:
    """The wanted ticket, every field storable, HTML made harmless.

    Raises:
        InvalidInput: a field is empty, too long or no text.
    """
    text.identifier("user", wanted.user_id)
    text.line("subject", wanted.subject)
    cleaned = sanitize.stored("description", wanted.description)
    if wanted.category is not None:
        text.line("category", wanted.category)
    if wanted.order_id is not None:
        text.identifier("order", wanted.order_id)
    for tag in wanted.tags:
        text.line("tag", tag)
    _check_meta(wanted.meta)
    _require_own_place(wanted.meta)
    kept = {name: getattr(wanted, name) for name in NewTicket.__slots__}
    return NewTicket(**(kept | {"description": cleaned}))


def _checked_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    checked = {name: value for name, value in fields.items() if value is not None}
    for name, value in checked.items():
        if name == "order_id":
            text.identifier("order", value)
        elif name == "description":
            checked[name] = sanitize.stored(name, value)
        else:
            text.line(name, value)
    return checked


def _check_meta(meta: Mapping[str, object]) -> None:
    taken = sorted(set(meta) & RESERVED)
    if taken:
        raise InvalidInput(
            f"metadata {', '.join(taken)} belongs to savctl and cannot be set by hand"
        )
    for name, value in meta.items():
        text.line("metadata name", name)
        if isinstance(value, str) and value:
            text.body(f"metadata {name}", value)


def _require_own_place(
    meta: Mapping[str, object], opens: Callable[[str, str], bool] = lambda _path, _value: False
) -> None:
    """Pass unless a text has the prefix of encrypted values and does not open in its place."""
    for place, value in encrypted_within(meta):
        path = path_of(place)
        if not opens(path, value):
            raise InvalidInput(
                f"metadata {path} begins with {PREFIX}, as only encrypted values do",
                hint="Give the value itself; savctl encrypts it.",
            )


def _edited(
    metadata: Metadata,
    add_tags: tuple[str, ...],
    remove_tags: tuple[str, ...],
    meta: Mapping[str, object],
) -> Metadata:
    members = dict(meta)
    after = tags_after(metadata, add=add_tags, remove=remove_tags)
    if after is not None:
        members["tags"] = after
    for name in members:
        if is_encrypted(
            metadata.get(name)
        ):  # else an object would move it aside, where it is lost
            metadata = metadata.without(name)
    return metadata.with_members(**members) if members else metadata
