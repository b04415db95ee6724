"""How people name a ticket (contract: command line, 1.7; rules 20.1)."""

from __future__ import annotations

from savctl.domain.text import MAX_ID, line
from savctl.errors import InvalidInput, Refused

Reference = str | int


class Digits(str):
    """Digits alone: the number of an imported ticket, or else an id; the database knows which."""

    __slots__ = ()

    @property
    def as_id(self) -> int:
        """The id that it may be."""
        return int(self)


class AmbiguousReference(Refused):
    """The number of one ticket is the id of another."""

    code = "ambiguous_reference"


def reference(given: str) -> Reference:
    """What a word names: a number as text, an id as a whole number, or `Digits`.

    `id:4` and `number:4` are explicit; digits that can be no id are a number only when called so.

    Raises:
        InvalidInput: it names no ticket.
    """
    text = given.strip()
    kind, separator, rest = text.partition(":")
    if separator and kind.lower() in {"id", "number"}:
        return _id(rest.strip(), given) if kind.lower() == "id" else _number(rest.strip(), given)
    if text.isascii() and text.isdecimal():
        _id(text, given)  # what can be no id is most likely a slip
        return Digits(text)
    return _number(text, given)


def ambiguous(given: str, *, number_of: int, id_of: str) -> AmbiguousReference:
    """The refusal of digits that name two tickets: one by its number, one by its id."""
    return AmbiguousReference(
        f"{given} is the number of ticket id:{number_of} and the id of ticket {id_of}",
        hint=f"Choose one: number:{given} or id:{given}.",
        ticket=given,
        by_number={"id": number_of, "ticket_number": given},
        by_id={"id": int(given), "ticket_number": id_of},
    )


def _id(text: str, given: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_ID))
    if not is_number or not 1 <= int(text) <= MAX_ID:
        raise InvalidInput(
            f"{given[:40]} is not a ticket id: ids go from 1 to {MAX_ID}",
            hint=f"If it is a ticket's number: number:{text[:40]}" if text.isdecimal() else None,
        )
    return int(text)


def _number(text: str, given: str) -> str:
    try:
        line("ticket", text)
    except InvalidInput:
        raise InvalidInput(
            f"{given[:40]!r} names no ticket", hint="Use TKT-… or a numeric id."
        ) from None
    return text.upper() if text.lower().startswith("tkt-") else text
