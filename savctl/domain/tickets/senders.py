"""Who may write what on a ticket (rules 5)."""

from __future__ import annotations

from savctl.domain import text
from savctl.domain.model.ticket import Ticket
from savctl.errors import InvalidInput, Refused

Sender = tuple[str, int]  # the side, and the user's id
SIDES = ("customer", "agent")


class WrongSender(Refused):
    """The message would stand in a conversation under a name that has no place there."""

    code = "wrong_sender"


def parse_sender(given: str) -> Sender:
    """`customer:456` or `agent:10`.

    Raises:
        InvalidInput: it is neither.
    """
    side, _, number = given.partition(":")
    if side not in SIDES or not number.isascii() or not number.isdecimal():
        raise InvalidInput(f"--from must be customer:USER_ID or agent:USER_ID, not {given[:60]!r}")
    return side, text.identifier("--from", int(number))


def require_sender(ticket: Ticket, sender: Sender, *, other_customer: bool = False) -> None:
    """Pass when the sender belongs to the ticket (rules 5.3).

    Raises:
        WrongSender: another customer, unless that is meant, or its customer as an agent.
    """
    side, user_id = sender
    facts = {"ticket_number": ticket.ticket_number, "user_id": user_id}
    if side == "agent" and user_id == ticket.user_id:
        raise WrongSender(
            f"user {user_id} is the customer of {ticket.ticket_number}, not an agent",
            hint=f"Write as the customer: savctl message add {ticket.ticket_number} "
            f"--from customer:{user_id}.",
            **facts,
        )
    if side == "customer" and user_id != ticket.user_id and not other_customer:
        raise WrongSender(
            f"{ticket.ticket_number} is a ticket of customer {ticket.user_id}, "
            f"not of customer {user_id}",
            hint="The message would be shown to the ticket's customer. Check the ticket number; "
            "add --other-customer if it is meant.",
            **facts,
        )
