"""`savctl user`."""

from __future__ import annotations

from typing import Annotated

import typer

from savctl.cli._call import Call
from savctl.cli._command import command, new_group
from savctl.cli._output import Answer
from savctl.cli._values import whole
from savctl.errors import NotFound

group = new_group("What is known of a customer.")


@command(group, "show", examples=["savctl user show 456"])
def show(
    call: Call,
    user: Annotated[
        int, typer.Argument(metavar="ID", parser=whole("the user id"), help="User id.")
    ],
) -> Answer:
    """A customer as the auth service told us, and how many tickets they have."""
    from savctl.persistence import reads
    from savctl.persistence.users import Users

    with call.database.reading() as connection:
        known = Users(connection).find(user)
        tickets = reads.count_by_status(connection, user_id=user)
    if known is None and not any(tickets.values()):
        raise NotFound(f"no user {user}", hint="Neither a user row nor a ticket has this id.")
    if known is None:
        call.warn(f"user {user} is not known here (yet); only tickets name this id")
    row: dict[str, object] = {"id": user, "email": None, "firstname": None, "lastname": None}
    row |= known or {}
    return Answer(rows=[{**row, "tickets": tickets}], is_one=True, as_record=True, key="id")
