"""Who buys at the shop, and who answers there."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

SHOP = "La Boussole"
LEAD = 100  # who assigns, and sets priorities by hand
FIRST_AGENT, FIRST_CUSTOMER = 101, 2001


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    """A customer or an agent; `language` is `fr` or `en`."""

    id: int
    first: str
    last: str
    email: str
    language: str
    is_vip: bool = False


_TEAM = (
    (LEAD, "Hélène", "Marchand"),
    (FIRST_AGENT, "Julie", "Perrin"),
    (FIRST_AGENT + 1, "Karim", "Benali"),
    (FIRST_AGENT + 2, "Tom", "Whitfield"),
    (FIRST_AGENT + 3, "Léa", "Nguyen"),
    (FIRST_AGENT + 4, "Oscar", "Lindqvist"),
)


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FIRST = {
    "fr": _names(
        "Camille Inès Hugo Chloé Mathieu Zoé Éric Noémie Gaëlle Loïc Sélim Agnès Rémi Maëlys "
        "Bruno Françoise Théo Yasmine Aurélie Benoît"
    ),
    "en": _names(
        "Emma Oliver Priya Jack Grace Samuel Aisha Daniel Molly Ethan Niamh George Hannah "
        "Callum Ruth Isaac"
    ),
}
_LAST = {
    "fr": _names(
        "Lefèvre Moreau Girard Dubois Roussel Caron Fontaine Delorme Barbier Hénault Chevalier "
        "Mercier Aubert Renaud Gauthier Picard Lacroix Tessier"
    ),
    "en": _names(
        "O'Brien Hughes Patel Walker Sutton Murphy Okafor Reid Barnes Shah Doyle Ellis Grant "
        "Fraser Mensah Holloway"
    ),
}


def team() -> list[DemoPerson]:
    """The lead and the five agents."""
    return [
        DemoPerson(
            id=number,
            first=first,
            last=last,
            email=f"agent{number}@boussole.example",
            language="fr",
        )
        for number, first, last in _TEAM
    ]


def customers(count: int, random: Random) -> list[DemoPerson]:
    """Customers: two thirds write French, one in fifteen is a VIP."""
    found = []
    for n in range(count):
        language = "fr" if random.random() < 0.66 else "en"
        found.append(
            DemoPerson(
                id=FIRST_CUSTOMER + n,
                first=random.choice(_FIRST[language]),
                last=random.choice(_LAST[language]),
                email=f"customer{FIRST_CUSTOMER + n}@mail.example",
                language=language,
                is_vip=random.random() < 1 / 15,
            )
        )
    return found
