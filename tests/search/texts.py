"""Tickets with words of many kinds, queries drawn from them, and a naive search of them all."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from savctl.domain.search.folding import words_of
from savctl.persistence.engine import Database
from tests.given import write_rows

WORDS = (
    *("colis", "Colis", "retard", "Retardé", "retardée", "retarder", "abîmé", "commande", "thé"),
    *("the", "The", "of", "to", "is", "a", "I", "de", "la", "le", "où", "für", "und", "à", "42"),
    *("e-mail", "john.doe@example.com", "TKT-7K2M9QXA", "CMD-4711", "4711", "c'est", "don't"),
    *("Straße", "STRASSE", "Maß", "Αγάπη", "αγαπη", "ΣΟΦΟΣ", "σοφός", "Ёлка", "елка", "йод"),
    *("مُحَمَّد", "محمد", "شكرا", "日本語", "日本", "中文", "한국어", "हिन्दी", "ไทย", "שלום"),
    *("école", "e\u0301cole", "naïve", "œuvre", "İstanbul", "łódź", "ﬁn", "x²", "foo_bar"),
    *("merci🤝", "🙏svp", "❤️", "100€", "50%", "a_b", "ok!", "(sic)", "<b>gras</b>", "₿5"),
    *("présent", "PRÉSENTE", "delivery", "delivered", "refund", "warranty", "a" * 90, "when"),
)
BLANKS = (" ", " ", " ", " ", ", ", ". ", "\n", " - ", "/", "…")


@dataclass(slots=True)
class Stored:
    """A ticket as it is stored; messages are its texts and whether they are internal."""

    id: int
    subject: str
    description: str
    messages: list[tuple[int, str, bool]] = field(default_factory=list)

    def texts(self, *, internal: bool = True) -> list[str]:
        """What is seen of it."""
        seen = [text for _, text, is_internal in self.messages if internal or not is_internal]
        return [self.subject, self.description, *seen]


def stored_tickets(database: Database, count: int, *, seed: int = 1) -> list[Stored]:
    """So many tickets with messages, written past savctl as another program would."""
    chance = random.Random(seed)
    made, message_id = [], 0
    for ticket_id in range(1, count + 1):
        ticket = Stored(ticket_id, _prose(chance, 4), _prose(chance, 10))
        for _ in range(chance.randrange(4)):
            message_id += 1
            ticket.messages.append((message_id, _prose(chance, 6), chance.random() < 0.2))
        made.append(ticket)
    store(database, made)
    return made


def store(database: Database, tickets: Sequence[Stored]) -> None:
    """Write them as they are."""
    at = "2025-10-01 10:00:00"
    write_rows(
        database,
        "support_tickets",
        [
            {
                "id": ticket.id,
                "ticket_number": f"TKT-{ticket.id:08d}",
                "user_id": 5,
                "subject": ticket.subject,
                "description": ticket.description,
                "created_at": at,
                "updated_at": at,
            }
            for ticket in tickets
        ],
    )
    write_rows(
        database,
        "ticket_messages",
        [
            {
                "id": message_id,
                "ticket_id": ticket.id,
                "sender_id": 5,
                "message": text,
                "sender_type": "customer",
                "is_internal": is_internal,
                "created_at": at,
                "updated_at": at,
            }
            for ticket in tickets
            for message_id, text, is_internal in ticket.messages
        ],
    )


def queries(count: int, *, seed: int = 2) -> Iterator[str]:
    """Words, phrases, prefixes and exclusions, one to three of them at a time."""
    chance = random.Random(seed)
    for _ in range(count):
        parts = [_part(chance) for _ in range(chance.choice((1, 1, 1, 2, 2, 3)))]
        if not any(words_of(part) and not part.startswith("-") for part in parts):
            parts.append(chance.choice(("colis", "thé", "of", "Αγάπη", "abîmé")))
        yield " ".join(parts)


def naive(tickets: Sequence[Stored], query: str, *, internal: bool = True) -> set[int]:
    """The tickets that hold the query, found by reading every word of every text."""
    return {ticket.id for ticket in tickets if _holds(ticket.texts(internal=internal), query)}


def _holds(texts: Sequence[str], query: str) -> bool:
    words = [words_of(text) for text in texts]
    for minus, phrase, word in re.findall(r'(?:(?<=\s)|^)(-?)(?:"([^"]*)"|(\S+))', query):
        wanted = words_of(phrase or word)
        is_there = any(_follows(text, wanted, word.endswith("*")) for text in words)
        if wanted and is_there == bool(minus):
            return False
    return True


def _follows(words: Sequence[str], wanted: Sequence[str], is_prefix: bool) -> bool:
    for at in range(len(words) - len(wanted) + 1):
        *firsts, last = words[at : at + len(wanted)] or [""]
        *begins, end = wanted or [""]
        if firsts == begins and (last == end or (is_prefix and last.startswith(end))):
            return True
    return False


def _part(chance: random.Random) -> str:
    kind = chance.choice(("word", "word", "word", "prefix", "phrase", "without"))
    word = chance.choice(WORDS)
    if kind == "prefix":
        letters = words_of(word) or ["re"]
        return f"{letters[-1][: chance.randint(1, 5)]}*"
    if kind == "phrase":
        return f'"{_prose(chance, 2)}"'
    return f"-{word}" if kind == "without" else word


def _prose(chance: random.Random, count: int) -> str:
    words = (chance.choice(WORDS) + chance.choice(BLANKS) for _ in range(count))
    return "".join(words).strip()
