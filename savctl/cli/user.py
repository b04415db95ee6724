"""`savctl user`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from operator import itemgetter
from typing import Annotated, Any

import typer

from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.listing import up_to
from savctl.cli.framework.output import Answer, Row
from savctl.cli.framework.params import Limit, person, whole
from savctl.domain.model.person_refs import PersonReference
from savctl.errors import NotFound

group = new_group("Find customers and agents, and mark VIPs.")

Person = Annotated[
    Any,  # a PersonReference: Typer takes no union
    typer.Argument(metavar="USER", parser=person("USER"), help="User id or e-mail address."),
]

COLUMNS = ("id", "email", "firstname", "lastname", "vip")
_PAGE = 1000


def user_id(call: CommandContext, named: PersonReference) -> int:
    """The id of the user that is meant.

    Raises:
        NotFound: nobody has the e-mail address.
        Refused: several users have it.
    """
    from savctl.persistence.people.users import Users

    if isinstance(named, int):
        return named
    with call.database.reading() as connection:
        return Users(connection).id_of(named)


@command(group, "show", examples=["savctl user show 456", "savctl user show ada@example.org"])
def show(
    call: CommandContext,
    named: Person,
) -> Answer:
    """Show a user, and how many tickets they have.

    The data is as the auth service sent it.
    """
    from savctl.persistence.people.users import Users
    from savctl.persistence.people.vips import Vips
    from savctl.persistence.tickets import reads

    with call.database.reading() as connection:
        user = Users(connection).id_of(named)
        known = Users(connection).find(user)
        tickets = reads.count_by_status(connection, user_id=user)
        vip_since = Vips(connection).since(user)
    if known is None and vip_since is None and not any(tickets.values()):
        raise NotFound(f"no user {user}", hint="Neither a user row nor a ticket has this id.")
    if known is None:
        call.warn(
            f"user {user} is not in the users table yet; only tickets or a VIP mark have this id"
        )
    row: dict[str, object] = {"id": user, "email": None, "firstname": None, "lastname": None}
    row |= known or {}
    row |= {"vip": vip_since is not None, "vip_since": vip_since, "tickets": tickets}
    text = None
    if call.wants_page:
        from savctl.cli.views.people import user_page

        text = user_page(row, now=call.clock())
    return Answer(rows=[row], is_one=True, as_record=True, key="id", text=text)


@command(
    group,
    "list",
    examples=["savctl user list --search ada", "savctl user list --limit 0 -o csv"],
)
def list_(
    call: CommandContext,
    search: Annotated[
        str,
        typer.Option(
            "--search", metavar="TEXT", help="Only users whose name or e-mail address has it."
        ),
    ] = "",
    limit: Limit = 50,
    after: Annotated[
        int | None,
        typer.Option(
            "--after", metavar="ID", parser=whole("--after"), help="Continue after this user."
        ),
    ] = None,
) -> Answer:
    """List users by id, or search them by name or address.

    Case and accents do not matter.
    """
    return Answer(
        rows=_users(call, search, after or 0, limit), columns=COLUMNS, key="id", noun="users"
    )


@command(
    group,
    "vip",
    writes=True,
    examples=["savctl user vip 456", "savctl user vip ada@example.org --off --as 5"],
)
def vip(
    call: CommandContext,
    named: Person,
    off: Annotated[bool, typer.Option("--off", help="They are none any more.")] = False,
) -> Answer:
    """Make a customer a VIP, or end it.

    New tickets of a VIP start one level higher; others stay as they are.
    """
    from savctl.usecases.tickets.vips import mark_vip

    user = user_id(call, named)
    changed = mark_vip(call.operation(), user, is_vip=not off)
    if not changed:
        call.note(f"user {user} is {'no' if off else 'a'} VIP already")
    row: dict[str, object] = {"id": user, "vip": not off, "changed": changed}
    return Answer(rows=[row], is_one=True, key="id")


def _users(call: CommandContext, search: str, after: int, limit: int) -> Iterator[Row]:
    from savctl.persistence.paging import pages
    from savctl.persistence.people.users import Users
    from savctl.persistence.people.vips import Vips

    def read(last_id: int, count: int) -> list[dict[str, Any]]:
        with call.database.reading() as connection:
            rows = Users(connection).page(search, after=last_id, limit=count)
            vips = Vips(connection).among([row["id"] for row in rows])
        return [row | {"vip": row["id"] in vips} for row in rows]

    found = pages(read, itemgetter("id"), after=after, size=_PAGE, limit=limit + 1 if limit else 0)
    return up_to(call, chain.from_iterable(found), limit, after=itemgetter("id"))
