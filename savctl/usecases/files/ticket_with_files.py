"""A new ticket with its files (rules 7.1).

The files come first, as with every upload; their keys need the ticket's id, so one is reserved.
The ticket and the records of its files are one transaction: without a bucket there is no ticket,
and whenever the process dies there is none without its files.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from savctl.domain.model import numbers
from savctl.domain.model.ticket import Ticket
from savctl.domain.sync.checked import CheckedOrder
from savctl.persistence.files.attachments import Attachment
from savctl.persistence.unit_of_work import UnitOfWork, in_transaction
from savctl.ports import ObjectStore
from savctl.usecases.files.attaching import identified
from savctl.usecases.files.staging import Staged
from savctl.usecases.files.uploading import Uploading
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.changes import Change
from savctl.usecases.tickets.creation import (
    NewTicket,
    checked_ticket,
    create_ticket,
    creation_once,
    decide_creation,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedTicket:
    """The new ticket and the records of its files."""

    change: Change
    attachments: Sequence[Attachment]
    is_replayed: bool


def create_ticket_with_files(
    op: Operation,
    store: ObjectStore,
    wanted: NewTicket,
    files: Sequence[Staged],
    *,
    order: CheckedOrder | None = None,
) -> CreatedTicket:
    """Create a ticket with examined files attached to it: all of it, or nothing.

    Raises:
        StoreGone, StoreRefused: the bucket; nothing was created.
    """
    checked = checked_ticket(wanted)
    others = {"files": identified(files)}
    made: list[Attachment] = []

    def begin(uow: UnitOfWork) -> int:
        """Announce the uploads; answers the id reserved, or 0 when all was done earlier."""
        if creation_once(op, checked, others).previous(uow) is not None:
            return 0
        number = numbers.ticket_number(secrets.choice)
        draft = decide_creation(
            uow,
            checked,
            number=number,
            by=op.actor,
            now=op.clock(),
            policies=op.policies,
            order=order,
        ).ticket
        reserved_id = uow.tickets.reserve_id(draft)
        uploading.announce(uow, reserved_id)
        return reserved_id

    def also(uow: UnitOfWork, ticket: Ticket) -> None:
        if op.dry_run:
            uploading.announce(uow, ticket.id)
        made[:] = uploading.record(uow, ticket, message_id=None, now=op.clock())

    with Uploading(op.database, op.clock, store, files, by=op.actor) as uploading:
        reserved_id = 0 if op.dry_run else in_transaction(op.database, begin)
        uploading.send()
        uploading.deliver()
        change, is_replayed = create_ticket(
            op,
            wanted,
            others=others,
            also=also,
            reserved_id=reserved_id,
            order=order,
        )
    if is_replayed:
        with op.database.reading() as connection:
            found = UnitOfWork(connection).attachments
            made = found.of_ticket(change.ticket.id, deleted=True)
    return CreatedTicket(change=change, attachments=made, is_replayed=is_replayed)
