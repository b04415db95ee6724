"""Search finds what reading every word of every text finds, whichever way it looks."""

from __future__ import annotations

import pytest

from savctl.domain.search.query import parse_query
from savctl.persistence.engine import Database
from savctl.usecases.search import candidates
from savctl.usecases.search.options import SearchOptions
from savctl.usecases.search.search import TicketSearch
from tests.depth import deep
from tests.search.texts import Stored, naive, queries, stored_tickets

TICKETS = deep(600, usual=120)
QUERIES = deep(500, usual=150)
FEW = deep(100, usual=25)


@pytest.fixture
def tickets(database: Database) -> list[Stored]:
    return stored_tickets(database, TICKETS)


def found(database: Database, query: str, *, scan: bool = False, public: bool = False) -> set[int]:
    options = SearchOptions(
        query=parse_query(query), scan=scan, public_only=public, enough=TICKETS
    )
    hits = [hit.id for hit in TicketSearch(database, options).hits()]
    assert len(hits) == len(set(hits)), query
    return set(hits)


def asked(kind: str, count: int, seed: int = 2) -> list[str]:
    """Queries; on a server without the beginning of a word that is too long for its index."""
    return [q for q in queries(count, seed=seed) if kind == "sqlite" or "aaa" not in q]


@pytest.mark.slow("many queries are compared; 500, as the promise says, in a deep run")
def test_the_index_finds_what_a_naive_scan_finds(
    database: Database, tickets: list[Stored], kind: str
) -> None:
    wanted = asked(kind, QUERIES)

    assert {q: found(database, q) for q in wanted} == {q: naive(tickets, q) for q in wanted}


def test_frequent_words_are_found_by_reading_the_newest_tickets(
    database: Database, tickets: list[Stored], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "is_read", lambda *_: True)
    monkeypatch.setattr(candidates, "_TICKETS_AT_ONCE", (16, 64))
    wanted = asked(kind, FEW, seed=3)

    assert {q: found(database, q) for q in wanted} == {q: naive(tickets, q) for q in wanted}


def test_reading_that_takes_too_long_goes_on_with_the_index(
    database: Database, tickets: list[Stored], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "is_read", lambda *_: True)
    monkeypatch.setattr(candidates, "_TICKETS_AT_ONCE", (16, 16))
    monkeypatch.setattr(candidates, "_PATIENCE", 40)
    wanted = asked(kind, FEW, seed=4)

    assert {q: found(database, q) for q in wanted} == {q: naive(tickets, q) for q in wanted}


def test_a_scan_finds_the_same(database: Database, tickets: list[Stored]) -> None:
    wanted = list(queries(FEW, seed=5))

    assert {q: found(database, q, scan=True) for q in wanted} == {
        q: naive(tickets, q) for q in wanted
    }


def test_public_leaves_internal_notes_out(
    database: Database, tickets: list[Stored], kind: str
) -> None:
    wanted = asked(kind, FEW, seed=6)

    assert {q: found(database, q, public=True) for q in wanted} == {
        q: naive(tickets, q, internal=False) for q in wanted
    }
