"""Which options a role may give: a customer acts for nobody else, an agent writes as itself.

Contract: settled points 2 to 4 of rules 12.3. Without a token every option is allowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from savctl.domain.access.file_access import Requester, Role
from savctl.domain.access.policy import AccessRefused, Need, need_of
from savctl.errors import SavError

if TYPE_CHECKING:
    from savctl.cli.framework.context import CommandContext

Given = Mapping[str, Any]

# Options of a customer's commands that are for agents and admins, by command.
_NOT_FOR_CUSTOMERS: Mapping[str, tuple[str, ...]] = {
    "ticket create": (
        *("priority", "tag", "meta", "order_value", "payment_failed", "vip"),
        "skip_order_check",
    ),
    "ticket list": ("breached",),
    "ticket search": ("breached",),
    "ticket close": ("duplicate_of", "bridge"),
    "ticket reopen": ("bridge",),
    "message add": ("internal",),
    "gdpr export": ("with_internal",),
}


def require_own_options(call: CommandContext, bearer: Requester, given: Given) -> None:
    """Pass when the role may give these options; of a ticket that is not seen that is said first.

    Raises:
        AccessRefused: an option is not the role's.
        NotFound: the ticket does not exist for the user.
    """
    if bearer.role is Role.ADMIN:
        _ = call.requester
        return
    refused = next(_refused_options(call, bearer, given), None)
    if refused is None:
        return
    _require_tickets(call, given)
    raise AccessRefused(
        f"the role {bearer.role} may not give {refused}", hint=f"Leave out {refused}."
    )


def _refused_options(call: CommandContext, bearer: Requester, given: Given) -> Iterator[str]:
    if call.actor not in {None, bearer.user_id}:
        yield "--as of another user"
    if given.get("reader") not in {None, bearer.user_id}:
        yield "--by of another user"
    if "sender" in given and not _is_own_sender(str(given["sender"]), bearer):
        yield f"--from {given['sender']}"
    if given.get("other_customer"):  # an agent writes as itself, or as the ticket's customer
        yield "--other-customer"
    if bearer.role is Role.CUSTOMER:
        yield from _not_for_customers(call, bearer, given)


def _not_for_customers(call: CommandContext, bearer: Requester, given: Given) -> Iterator[str]:
    for name in _NOT_FOR_CUSTOMERS.get(call.words, ()):
        if given.get(name):
            yield f"--{name.replace('_', '-')}"
    if any("sla" in str(part).lower() for part in given.get("with_") or ()):
        yield "--with sla"
    user = given.get("user")
    if user is not None and not _is_self(call, user, bearer):
        yield "--user of another user"
    if need_of(call.words) is Need.SELF and not _is_self(call, given.get("named"), bearer):
        yield "another person"


def _is_own_sender(sender: str, bearer: Requester) -> bool:
    kind, _, number = sender.strip().lower().partition(":")
    if kind == "customer" and bearer.role is Role.AGENT:
        return True  # whose it is, the ticket decides (rules 5.3)
    own = "customer" if bearer.role is Role.CUSTOMER else "agent"
    return kind == own and number.strip() == str(bearer.user_id)


def _is_self(call: CommandContext, named: object, bearer: Requester) -> bool:
    """Whether a person is the token's user; an address that nobody has is somebody else."""
    if not isinstance(named, str):
        return named == bearer.user_id
    from savctl.persistence.people.users import Users

    try:
        with call.database.reading() as connection:
            return Users(connection).id_of(named) == bearer.user_id
    except SavError:
        return False


def _require_tickets(call: CommandContext, given: Given) -> None:
    """Pass when the tickets named exist for the user: that is answered before any option."""
    from savctl.domain.model.references import reference
    from savctl.persistence.tickets.tickets import Tickets

    named = given.get("ticket")
    words = [named] if isinstance(named, str) else list(given.get("tickets") or ())
    with call.database.reading() as connection:
        for word in words:
            if word != "-":
                Tickets(connection).get(reference(word))
