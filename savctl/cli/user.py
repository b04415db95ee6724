"""`savctl user`."""

from __future__ import annotations

from typing import Annotated

import typer

from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer
from savctl.cli.framework.params import whole
from savctl.errors import NotFound

group = new_group("What is known of a customer.")

UserId = Annotated[int, typer.Argument(metavar="ID", parser=whole("the user id"), help="User id.")]


@command(group, "show", examples=["savctl user show 456"])
def show(
    call: CommandContext,
    user: UserId,
) -> Answer:
    """A customer as the auth service sent it, and how many tickets they have."""
    from savctl.persistence.tickets import reads
    from savctl.persistence.tickets.users import Users
    from savctl.persistence.tickets.vips import Vips

    with call.database.reading() as connection:
        known = Users(connection).find(user)
        tickets = reads.count_by_status(connection, user_id=user)
        vip_since = Vips(connection).since(user)
    if known is None and vip_since is None and not any(tickets.values()):
        raise NotFound(f"no user {user}", hint="Neither a user row nor a ticket has this id.")
    if known is None:
        call.warn(f"user {user} is not known here (yet); only savctl's own rows name this id")
    row: dict[str, object] = {"id": user, "email": None, "firstname": None, "lastname": None}
    row |= known or {}
    row |= {"vip": vip_since is not None, "vip_since": vip_since, "tickets": tickets}
    return Answer(rows=[row], is_one=True, as_record=True, key="id")


@command(
    group,
    "vip",
    writes=True,
    examples=["savctl user vip 456", "savctl user vip 456 --off --as 5"],
)
def vip(
    call: CommandContext,
    user: UserId,
    off: Annotated[bool, typer.Option("--off", help="They are none any more.")] = False,
) -> Answer:
    """Make a customer a VIP: their new tickets start one level higher; others stay as they are."""
    from savctl.usecases.tickets.vips import mark_vip

    changed = mark_vip(call.operation(), user, is_vip=not off)
    if not changed:
        call.note(f"user {user} is {'no' if off else 'a'} VIP already")
    row: dict[str, object] = {"id": user, "vip": not off, "changed": changed}
    return Answer(rows=[row], is_one=True, key="id")
