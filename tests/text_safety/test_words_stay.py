"""Words in angle brackets stay, blocks leave a break, nothing of a text is lost (rules 20.2)."""

from __future__ import annotations

import time

import pytest

from savctl.html import clean, has_elements
from tests.text_safety.html_texts import HTML_TEXTS
from tests.text_safety.plain_texts import AS_TYPED, ESCAPED, texts
from tests.text_safety.reading_html import lines_of

_MEAN_MORE_IN_HTML = ("&", "<!--", "<?xml", "<style>", "<A>", "<I>", "<U>", "<code>", "<option>")


def test_text_without_html_is_stored_as_typed() -> None:
    assert [clean(typed) for typed in texts(AS_TYPED)] == texts(AS_TYPED)


def test_what_a_page_could_take_for_a_tag_is_escaped_and_not_lost() -> None:
    stored = [clean(typed) for typed in texts(ESCAPED)]

    assert [one.replace("&lt;", "<") for one in stored] == texts(ESCAPED)
    assert [one for one in stored if "&lt;" not in one or has_elements(one)] == []


def test_lines_and_words_of_html_stay_apart() -> None:
    shown = [(html, lines_of(clean(html))) for html, _ in HTML_TEXTS]

    assert shown == list(HTML_TEXTS)


def test_the_corpus_has_two_hundred_texts_and_more() -> None:
    assert len(texts(AS_TYPED)) + len(texts(ESCAPED)) + len(HTML_TEXTS) >= 200


def test_a_text_inside_html_loses_nothing() -> None:
    inside = [
        typed
        for typed in (*texts(AS_TYPED), *texts(ESCAPED))
        if not any(mark in typed for mark in _MEAN_MORE_IN_HTML)
    ]

    shown = [lines_of(clean(f"<p>-</p><p>{typed}</p><p>-</p>")) for typed in inside]

    assert ["".join("".join(lines).split()) for lines in shown] == [
        f"-{''.join(typed.split())}-" for typed in inside
    ]


def test_cleaning_again_changes_nothing() -> None:
    stored = [clean(html) for html, _ in HTML_TEXTS]

    assert [clean(one) for one in stored] == stored


@pytest.mark.parametrize(
    "piece",
    [
        "<a ",
        '<a x="',
        "<a b='",
        "<a",
        "<x>",
        "<b =",
        "</",
        "<!--",
        "<",
        "<i></i>",
        "<td>",
        "<?xml ",
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    typed = piece * (65_000 // len(piece))

    begun = time.process_time()
    clean(typed)

    assert time.process_time() - begun < 5
