"""`savctl ticket create, edit`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.attachment.attached import Attach, staged
from savctl.cli.framework.choices import one_of
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.params import long_text, pairs, whole
from savctl.cli.framework.ticket_refs import (
    CHANGE_COLUMNS,
    OneTicket,
    change_each,
    change_row,
)
from savctl.cli.ticket import group
from savctl.domain.model.priority import Priority
from savctl.domain.model.references import reference
from savctl.errors import InvalidInput

if TYPE_CHECKING:  # they bring SQLAlchemy along, which help does without
    from savctl.domain.sync.checked import CheckedOrder
    from savctl.usecases.tickets.changes import Change
    from savctl.usecases.tickets.creation import NewTicket

_LARGEST_AMOUNT = Decimal(10**12)

Tags = Annotated[list[str] | None, typer.Option("--tag", help="Tag; may be repeated.")]
Meta = Annotated[
    list[str] | None,
    typer.Option("--meta", metavar="K=V", help="Free metadata; may be repeated."),
]


@command(
    group,
    "create",
    writes=True,
    examples=[
        "savctl ticket create --user 456 --subject 'Order not received' --description 'Where?'",
        "savctl ticket create --user 456 --subject Refund --description @letter.txt --order 789",
        "savctl ticket create --user 456 --subject Broken --description See --attach photo.jpg",
        "savctl ticket create --user 456 --subject s --description d --follow-up-of TKT-7K2M9QXA",
    ],
)
def create(
    call: CommandContext,
    user: Annotated[
        int, typer.Option("--user", metavar="ID", parser=whole("--user"), help="The customer.")
    ],
    subject: Annotated[str, typer.Option("--subject", help="One line, up to 255 characters.")],
    description: Annotated[
        str, typer.Option("--description", help="The problem; @FILE or - reads it.")
    ],
    priority: Annotated[
        str | None, typer.Option("--priority", help="Overrides the priority rules.")
    ] = None,
    category: Annotated[str | None, typer.Option("--category", help="Such as shipping.")] = None,
    order: Annotated[
        int | None,
        typer.Option("--order", metavar="ID", parser=whole("--order"), help="The order."),
    ] = None,
    tag: Tags = None,
    meta: Meta = None,
    order_value: Annotated[
        str | None, typer.Option("--order-value", metavar="EUR", help="For the priority rules.")
    ] = None,
    payment_failed: Annotated[
        bool, typer.Option("--payment-failed", help="For the priority rules.")
    ] = False,
    vip: Annotated[bool, typer.Option("--vip", help="For the priority rules.")] = False,
    follow_up_of: Annotated[
        str | None,
        typer.Option(
            "--follow-up-of", metavar="TKT", help="The earlier ticket, closed or archived."
        ),
    ] = None,
    skip_order_check: Annotated[
        bool,
        typer.Option("--skip-order-check", help="Do not ask the orders service; check later."),
    ] = False,
    attach: Attach = None,
    idempotency_key: Annotated[
        str | None, typer.Option("--idempotency-key", help="The same key answers the same ticket.")
    ] = None,
) -> Answer:
    """Create a ticket.

    Its priority follows the rules unless you set it. Where a broker is configured, the orders
    service is asked whether --order is this customer's.
    """
    from savctl.usecases.tickets.creation import NewTicket

    wanted = NewTicket(
        user_id=user,
        subject=subject,
        description=long_text("description", description),
        priority=_priority(priority),
        category=category,
        order_id=order,
        tags=tuple(tag or ()),
        meta=pairs("meta", meta),
        order_value=_amount(order_value),
        is_payment_failed=payment_failed,
        is_vip=vip,
        follow_up_of=reference(follow_up_of) if follow_up_of is not None else None,
    )
    checked = _checked_order(call, wanted, idempotency_key, skips=skip_order_check)
    change, is_replayed, files = _created(call, wanted, attach, idempotency_key, checked)
    row = change_row(call, change)
    if attach:
        row["attachment_ids"] = files
    if is_replayed:
        row["replayed"] = True
    if call.dry_run:
        call.note("dry run: nothing was stored; the number is not reserved")
    return Answer(rows=[row], columns=CHANGE_COLUMNS, is_one=True)


@command(
    group,
    "edit",
    writes=True,
    examples=["savctl ticket edit TKT-7K2M9QXA --category shipping --tag fragile"],
)
def edit(
    call: CommandContext,
    ticket: OneTicket,
    subject: Annotated[str | None, typer.Option("--subject", help="The new subject.")] = None,
    description: Annotated[
        str | None, typer.Option("--description", help="@FILE or - reads it.")
    ] = None,
    category: Annotated[str | None, typer.Option("--category", help="The new category.")] = None,
    order: Annotated[
        int | None,
        typer.Option("--order", metavar="ID", parser=whole("--order"), help="The new order."),
    ] = None,
    tag: Tags = None,
    untag: Annotated[
        list[str] | None, typer.Option("--untag", help="Tag to remove; may be repeated.")
    ] = None,
    meta: Meta = None,
) -> Answer | Outcome:
    """Change the texts of a ticket.

    The history names the fields, not their text.
    """
    from savctl.usecases.tickets.creation import edit_ticket

    fields = {
        "subject": subject,
        "description": (
            long_text("description", description) if description is not None else None
        ),
        "category": category,
        "order_id": order,
    }
    return change_each(
        call,
        [ticket],
        lambda ref: edit_ticket(
            call.operation(),
            ref,
            fields,
            add_tags=tuple(tag or ()),
            remove_tags=tuple(untag or ()),
            meta=pairs("meta", meta),
            checks_orders=_checks_orders(call),
        ),
    )


def _checks_orders(call: CommandContext) -> bool:
    settings = call.settings
    return settings.broker_url is not None and settings.order_check == "auto"


def _checked_order(
    call: CommandContext, wanted: NewTicket, key: str | None, *, skips: bool
) -> CheckedOrder | None:
    """What the orders service says of the order; a customer who is not known is asked for, too."""
    if call.settings.broker_url is None:
        return None
    from savctl.usecases.sync.checking import check_before_creation

    op = call.operation(key=key)
    found = check_before_creation(op, call.app.services, wanted, skips_order=skips)
    for warning in found.warnings:
        call.warn(warning)
    return found.order


def _created(
    call: CommandContext,
    wanted: NewTicket,
    attach: list[str] | None,
    key: str | None,
    order: CheckedOrder | None,
) -> tuple[Change, bool, list[int]]:
    """The new ticket, whether the answer is a replayed one, and its files."""
    if not attach:
        from savctl.usecases.tickets.creation import create_ticket

        change, is_replayed = create_ticket(
            call.operation(policies=call.policies, key=key),
            wanted,
            order=order,
        )
        return change, is_replayed, []
    from savctl.usecases.files.staging import Staging
    from savctl.usecases.files.ticket_with_files import create_ticket_with_files

    with Staging(call.app.scanner) as staging:
        made = create_ticket_with_files(
            call.operation(policies=call.policies, key=key),
            call.app.store,
            wanted,
            staged(staging, attach),
            order=order,
        )
    return made.change, made.is_replayed, [attachment.id for attachment in made.attachments]


def _priority(given: str | None) -> Priority | None:
    if given is None:
        return None
    return Priority(one_of("priority", given, tuple(Priority)))


def _amount(given: str | None) -> Decimal | None:
    if given is None:
        return None
    try:
        amount = Decimal(given)
    except InvalidOperation:
        raise InvalidInput(f"--order-value {given!r} is not an amount in EUR") from None
    if not amount.is_finite() or not 0 <= amount <= _LARGEST_AMOUNT:
        raise InvalidInput(f"--order-value {given!r} is not an amount in EUR")
    return amount
