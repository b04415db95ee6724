"""What is known of one place that holds data: whose it is, why, how long, how it ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Whose(StrEnum):
    """Whom data is about."""

    CUSTOMER = "customer"
    AGENT = "agent"
    OTHER = "other"  # third persons that a text, a file or a name may mention
    NOBODY = "nobody"


class Export(StrEnum):
    """Whether a customer's export holds it."""

    YES = "yes"
    INTERNAL = "with --with-internal"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """What holds for everything in one table or document.

    `basis` names the article of the GDPR; `erased` is what erasing a customer does to it.
    """

    basis: str
    retention: str
    erased: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One column, key or place outside the database.

    `place` is `table.column`, `table.column:key` inside JSON, or `where: what` outside.
    """

    place: str
    whose: tuple[Whose, ...]
    what: str
    care: Care
    export: Export

    def as_row(self) -> dict[str, object]:
        """The entry flat, for machines."""
        return {
            "place": self.place,
            "whose": [str(one) for one in self.whose],
            "what": self.what,
            "basis": self.care.basis,
            "retention": self.care.retention,
            "erased": self.care.erased,
            "exported": str(self.export),
        }


Line = tuple[str, Sequence[Whose], str, Export]


def entries(prefix: str, care: Care, *lines: Line) -> Iterator[Entry]:
    """The entries of one table or document."""
    for name, whose, what, export in lines:
        yield Entry(
            place=f"{prefix}{name}", whose=tuple(whose), what=what, care=care, export=export
        )


C, A, T, N = (Whose.CUSTOMER,), (Whose.AGENT,), (Whose.OTHER,), (Whose.NOBODY,)
YES, INTERNAL, NO = Export.YES, Export.INTERNAL, Export.NO

CONTRACT = "6(1)(b): to answer the customer"
INTEREST = "6(1)(f): to run and secure the service"
DUTY = "5(2), 6(1)(c): to prove what was done"
NONE = "none: not personal"
