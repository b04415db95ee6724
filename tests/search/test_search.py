"""`ticket search` on the command line (rules 12.4, 15.3; settled points 17)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from savctl.domain.search.query import parse_query
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.search import candidates
from savctl.usecases.search.options import SearchOptions
from savctl.usecases.search.search import TicketSearch
from tests.access.token_users import with_token_of
from tests.conftest import Cli
from tests.given import AGENT, CUSTOMER, created, rows, write
from tests.schema.support import run_sql
from tests.search.texts import Stored, store

pytestmark = pytest.mark.each_database("each database has an index of its own")

PASSWORD = "of a test"  # noqa: S105
KEYS = [
    *("ticket_number", "id", "status", "priority", "subject", "score", "found_in"),
    *("message_id", "snippet"),
]
Search = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def search(cli: Cli) -> Search:
    def found(*words: object) -> list[dict[str, Any]]:
        outcome = cli("ticket", "search", "-o", "json", *words)
        assert outcome.code == 0, outcome.err
        hits: list[dict[str, Any]] = json.loads(outcome.out)
        return hits

    return found


@pytest.fixture
def shop(database: Database) -> None:
    """Three tickets of one customer, the first with an internal note."""
    store(
        database,
        [
            Stored(1, "Colis retardé", "Où est-il ?", [(1, "le secret du colis", True)]),
            Stored(2, "Facture", "colis et colis", [(2, "merci", False)]),
            Stored(3, "Bonjour", "rien", [(3, "rien", False), (4, "mon colis !", False)]),
        ],
    )


def test_a_hit_shows_where_it_is_and_the_best_is_first(search: Search, shop: None) -> None:
    hits = search("COLIS")

    assert [hit["id"] for hit in hits] == [1, 2, 3]
    assert [list(hit) for hit in hits] == [KEYS] * 3
    assert [(hit["found_in"], hit["message_id"]) for hit in hits] == [
        ("subject", None),
        ("description", None),
        ("messages", 4),
    ]
    assert [hit["snippet"] for hit in hits] == [
        "«Colis» retardé",
        "«colis» et «colis»",
        "mon «colis» !",
    ]


def test_of_equal_scores_the_newer_is_first(search: Search, database: Database) -> None:
    store(database, [Stored(n, "colis", "x") for n in (1, 2, 3)])

    assert [hit["id"] for hit in search("colis")] == [3, 2, 1]


def test_fields_and_public_narrow_where_words_are_looked_for(search: Search, shop: None) -> None:
    assert [hit["id"] for hit in search("colis", "--in", "subject")] == [1]
    assert {hit["id"] for hit in search("colis", "--in", "description,messages")} == {1, 2, 3}
    assert search("secret", "--public") == []
    assert [hit["id"] for hit in search("secret")] == [1]


def test_the_filters_of_the_list_hold(search: Search, shop: None, database: Database) -> None:
    write(database, "UPDATE support_tickets SET status = 'resolved', user_id = 9 WHERE id = 2")

    assert [hit["id"] for hit in search("colis", "--status", "resolved")] == [2]
    assert [hit["id"] for hit in search("colis", "--user", "9")] == [2]


def test_a_number_finds_its_ticket_first_in_any_case(search: Search, database: Database) -> None:
    store(
        database,
        [Stored(1, "x", "y"), Stored(2, "TKT-00000001 TKT-00000001", "see TKT-00000001")],
    )

    assert [hit["id"] for hit in search("tkt-00000001")] == [1, 2]
    assert [hit["id"] for hit in search("tkt-00000001", "--limit", "1")] == [1]


def test_pages_go_on_where_the_one_before_ended(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "_FOUND_AT_ONCE", 5)
    store(database, [Stored(n, "colis " * (n % 3), f"colis {n}") for n in range(1, 18)])
    seen: list[str] = []
    after: list[str] = []

    while True:
        outcome = cli("ticket", "search", "colis", "--limit", "2", "-o", "ids", *after)
        seen += outcome.out.split()
        if "--after" not in outcome.err:
            break
        after = ["--after", outcome.err.partition("--after ")[2].partition(",")[0]]
        store(database, [Stored(100 + len(seen), "colis", "newer")])

    assert sorted(seen) == [f"TKT-{n:08d}" for n in range(1, 18)]


@pytest.mark.parametrize("word", ["le", "à", "42", "the", "und", "I"])
def test_short_words_and_stop_words_are_found(
    cli: Cli, search: Search, database: Database, word: str
) -> None:
    store(database, [Stored(1, "colis", f"x {word} y"), Stored(2, "colis", "rien")])

    assert [hit["id"] for hit in search(word, "colis")] == [1]
    assert [hit["id"] for hit in search(word)] == [1]


def test_a_query_of_short_words_says_that_it_is_bounded_and_where_it_goes_on(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "MOST_LOOKED_AT", 4)
    monkeypatch.setattr(candidates, "_TICKETS_AT_ONCE", (2, 2))
    store(database, [Stored(n, "à" if n == 1 else "b", "x") for n in range(1, 11)])

    first = cli("ticket", "search", "à", "--scan", "-o", "ids")
    after = first.err.partition("--after ")[2].split()[0]
    second = cli("ticket", "search", "à", "--scan", "-o", "ids", "--after", after)
    after = second.err.partition("--after ")[2].split()[0]
    last = cli("ticket", "search", "à", "--scan", "-o", "ids", "--after", after)

    assert (first.out, second.out, last.out) == ("", "", "TKT-00000001\n")
    assert "--after" not in last.err


def test_what_other_programs_write_and_remove_is_seen(
    search: Search, shop: None, database: Database
) -> None:
    write(database, "UPDATE ticket_messages SET message = 'bicyclette' WHERE id = 4")
    write(database, "UPDATE support_tickets SET subject = 'Vélo' WHERE id = 1")
    write(database, "DELETE FROM support_tickets WHERE id = 2")

    assert [hit["id"] for hit in search("bicyclette")] == [3]
    assert [hit["id"] for hit in search("velo")] == [1]
    assert [hit["id"] for hit in search("colis")] == [1]  # the note


def test_a_customer_finds_own_tickets_without_internal_notes(
    search: Search, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(
        database,
        [
            Stored(1, "colis", "rien", [(1, "secret colis colis", True), (2, "oui", False)]),
            Stored(2, "colis", "secret"),
        ],
    )
    write(database, "UPDATE support_tickets SET user_id = 6 WHERE id = 2")
    alone = search("colis", "--in", "subject")[-1]["score"]
    with_token_of(monkeypatch, 5, "customer")

    assert [(hit["id"], hit["score"]) for hit in search("colis")] == [(1, alone)]
    assert search("secret") == []
    assert [hit["id"] for hit in search("--", "colis -secret")] == [1]
    assert search("TKT-00000002") == []


def test_an_agent_finds_what_is_assigned_and_the_queue(
    search: Search, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(database, [Stored(n, "colis", "x", [(n, "secret", True)]) for n in (1, 2, 3, 4)])
    write(database, "UPDATE support_tickets SET status = 'in_progress' WHERE id IN (1, 2, 3)")
    write(database, "UPDATE support_tickets SET assigned_to = 10 WHERE id IN (1, 2)")
    with_token_of(monkeypatch, AGENT, "agent")

    assert {hit["id"] for hit in search("secret")} == {1, 2, 4}


def test_archived_tickets_are_spoken_of_to_operators_only(
    cli: Cli, database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    created(database, clock, subject="colis")
    quiet = cli("ticket", "search", "colis")
    write(
        database,
        "INSERT INTO savctl_archived_tickets (ticket_id, ticket_number, number_key, user_id, "
        "closed_at, archived_at, bundle_id, line_sha256, messages, attachments) VALUES "
        "(900, 'TKT-9', 'tkt-9', 5, '2024-01-01', '2025-01-01', 1, 'x', 0, 0)",
    )
    shown = cli("ticket", "search", "colis")
    with_token_of(monkeypatch, CUSTOMER, "customer")
    customers = cli("ticket", "search", "colis")

    assert "archive" not in quiet.err + customers.err
    assert "archived tickets are not searched" in shown.err


@pytest.mark.parametrize(
    "text",
    [
        *('"', '"""', "'", "a' OR 1=1 --", "+a -b ~c", "(((", ")", "a*b*", "*", "@1", ">a <b"),
        *("%", "_", "a%b", "\\", "NEAR(a b)", "a AND", "OR", "NOT", "col:a", "{a b}:c", "^a"),
        *("a" * 10_000, "a " * 500, "😀", "\u202e", "“a”", "a\nb", "-a", "- -", '-"', "a -"),
    ],
)
def test_hostile_queries_answer_or_are_refused(cli: Cli, shop: None, text: str) -> None:
    outcome = cli("ticket", "search", "-o", "json", "--", text)

    assert outcome.code in {0, 2}, outcome.err
    assert outcome.out == "" or isinstance(json.loads(outcome.out), list)


@pytest.mark.parametrize(
    "words",
    [
        ("colis", "--in", "metadata"),
        ("colis", "--in", "metadata.iban"),
        ("colis", "--in", "notes"),
        ("colis", "--after", "rubbish"),
        ("colis", "--after", "9-1-1000-3-00000000"),
        ("--", "-colis"),
        ("",),
    ],
)
def test_wrong_usage_ends_with_2(cli: Cli, shop: None, words: tuple[str, ...]) -> None:
    assert cli("ticket", "search", *words).code == 2


def test_what_steers_a_terminal_is_shown_as_an_escape(cli: Cli, database: Database) -> None:
    store(database, [Stored(1, "colis \x1b[31m rouge", "x\u202ey")])

    for form in ("table", "wide", "json", "jsonl"):
        assert "\x1b" not in cli("ticket", "search", "colis", "-o", form).out


@pytest.mark.only_on("mariadb", "mysql")
def test_a_table_of_stop_words_is_known(
    search: Search, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(database, "CREATE TABLE stops (value VARCHAR(30)) ENGINE=InnoDB")
    write(database, "INSERT INTO stops VALUES ('colis')")
    schema = rows(database, "SELECT DATABASE() AS name")[0]["name"]
    try:
        write(database, f"SET GLOBAL innodb_ft_server_stopword_table = '{schema}/stops'")
        store(database, [Stored(1, "colis", "rien")])

        assert [hit["id"] for hit in search("colis")] == [1]
    finally:
        write(database, "SET GLOBAL innodb_ft_server_stopword_table = NULL")
        write(database, "DROP TABLE stops")


@pytest.mark.only_on("mariadb", "mysql")
def test_the_user_of_every_day_may_search(database: Database) -> None:
    run_sql(
        database,
        "DROP USER IF EXISTS searcher@'%'",
        f"CREATE USER searcher@'%' IDENTIFIED BY '{PASSWORD}'",
        f"GRANT SELECT ON {database.url.database}.* TO searcher@'%'",
    )
    store(database, [Stored(1, "le colis", "rien")])
    limited = Database(
        database.url.set(username="searcher", password=PASSWORD).render_as_string(
            hide_password=False
        )
    )
    options = SearchOptions(query=parse_query("le colis"))
    try:
        assert [hit.id for hit in TicketSearch(limited, options).hits()] == [1]
    finally:
        limited.close()
        run_sql(database, "DROP USER searcher@'%'")
