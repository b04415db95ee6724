"""What a query asks for, and which texts hold it (rules 15.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savctl.domain.search.cursor import SearchCursor, parse_cursor
from savctl.domain.search.folding import placed_words, words_of
from savctl.domain.search.matching import SearchedText, SearchField, match
from savctl.domain.search.query import MOST_CHARACTERS, Query, Term, parse_query
from savctl.domain.search.snippet import LONGEST, snippet
from savctl.errors import InvalidInput

FIELDS = tuple(SearchField)


@pytest.mark.parametrize(
    ("text", "terms", "excluded"),
    [
        ("colis  Retardé", [Term(("colis",)), Term(("retarde",))], []),
        ('"colis abîmé" refund*', [Term(("colis", "abime")), Term(("refund",), True)], []),
        ('open -closed -"no way"', [Term(("open",))], [Term(("closed",)), Term(("no", "way"))]),
        ("e-mail john.doe@a.fr", [Term(("e", "mail")), Term(("john", "doe", "a", "fr"))], []),
        ("TKT-7K2M9QXA", [Term(("tkt", "7k2m9qxa"))], []),
        ('"not closed', [Term(("not", "closed"))], []),
        ("+a ~b (c) <d> @e >f", [Term((word,)) for word in "abcdef"], []),
        ("a A á *", [Term(("a",))], []),
        (
            "NEAR(a, b) OR col:c^2",
            [Term(("near", "a")), Term(("b",)), Term(("or",)), Term(("col", "c", "2"))],
            [],
        ),
    ],
)
def test_a_query_is_words_phrases_prefixes_and_exclusions(
    text: str, terms: list[Term], excluded: list[Term]
) -> None:
    found = parse_query(text)

    assert (list(found.terms), list(found.excluded)) == (terms, excluded)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        "***",
        '""',
        "-not",
        '-"not this"',
        "🤝",
        "a\0b",
        "x" * (MOST_CHARACTERS + 1),
        "w " * 33,
    ],
)
def test_what_asks_for_nothing_or_too_much_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_query(text)


@given(st.text(max_size=60))
def test_any_text_is_a_query_or_refused_and_words_hold_no_syntax(text: str) -> None:
    try:
        query = parse_query(text)
    except InvalidInput:
        return
    for term in (*query.terms, *query.excluded):
        assert term.words
        assert not set("".join(term.words)) & set("\"'*+-<>()~@%\\ \0")


@given(st.text(max_size=80))
def test_words_are_the_same_however_they_are_cut(text: str) -> None:
    placed = list(placed_words(text))

    assert [word for word, _, _ in placed] == words_of(text)
    assert all(words_of(text[begin:end]) == [word] for word, begin, end in placed)


@given(st.text(max_size=30))
def test_folding_a_folded_word_changes_nothing(text: str) -> None:
    assert words_of(" ".join(words_of(text))) == words_of(text)


def texts(subject: str, description: str = "", *messages: str) -> list[SearchedText]:
    return [
        SearchedText(SearchField.SUBJECT, subject),
        SearchedText(SearchField.DESCRIPTION, description),
        *(SearchedText(SearchField.MESSAGES, text, n) for n, text in enumerate(messages, 1)),
    ]


def held(query: str, *given: str, fields: tuple[SearchField, ...] = FIELDS) -> float:
    found = match(parse_query(query), texts(*given), fields)
    return found.score if found else 0.0


def test_all_words_must_be_there_anywhere_a_phrase_within_one_field() -> None:
    assert held("colis perdu", "Colis", "il est perdu")
    assert not held('"colis perdu"', "Colis", "perdu")
    assert held('"colis perdu"', "x", "mon colis, perdu")
    assert not held("colis volé", "Colis", "il est perdu")


def test_an_exclusion_is_about_the_whole_ticket_also_where_words_are_not_looked_for() -> None:
    assert not held("colis -perdu", "Colis", "", "perdu", fields=(SearchField.SUBJECT,))
    assert held("colis -perdu", "Colis", "", "perdus")


def test_a_subject_is_worth_more_than_a_description_and_that_more_than_messages() -> None:
    subject, description, message = held("a", "a"), held("a", "b", "a"), held("a", "b", "b", "a")

    assert subject > description > message > 0
    assert held("a", "a a") > subject


def test_a_field_that_is_not_asked_for_adds_nothing() -> None:
    assert held("a", "a", "a", fields=(SearchField.SUBJECT,)) == held("a", "a")


def test_a_snippet_marks_hits_on_one_line() -> None:
    query = parse_query('"mon colis" retard*')

    assert snippet("Où est\n mon   Colis ? En  RETARD !", query) == (
        "Où est «mon Colis» ? En «RETARD» !"
    )


@given(st.text(alphabet="colis é\n«»-x", max_size=600), st.sampled_from(["colis", "c*", "x x"]))
def test_a_snippet_is_never_longer_than_promised(text: str, asked: str) -> None:
    query = parse_query(asked)
    found = snippet(text, query)

    assert len(found) <= LONGEST
    assert "\n" not in found
    if match(query, texts(text), FIELDS):
        assert "«" in found


def test_a_snippet_shows_the_part_with_most_hits() -> None:
    query: Query = parse_query("colis perdu")

    found = snippet(f"colis {'et rien ' * 60} mon colis est perdu {'fin ' * 60}", query)

    assert found.startswith("…")
    assert found.endswith("…")
    assert "mon «colis» est «perdu»" in found


def test_a_cursor_is_good_for_its_own_query_only() -> None:
    cursor = SearchCursor(high=9, low=3, score=6.386, ticket_id=7)
    text = cursor.as_text("colis")

    assert parse_cursor(text, "colis") == cursor
    for wrong, asked in ((text, "other"), (text[:-1], "colis"), ("TKT-1", "colis"), ("", "x")):
        with pytest.raises(InvalidInput):
            parse_cursor(wrong, asked)
