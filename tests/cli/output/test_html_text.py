"""HTML messages on a page for a terminal: words, breaks, lists, links; no word is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savctl.cli.views.html_text import readable
from savctl.persistence.engine import Database
from savctl.ports import SetClock
from savctl.usecases.operation import Operation
from savctl.usecases.tickets.conversation import add_message
from tests.conftest import Cli
from tests.given import CUSTOMER, created


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("1 < 2, AT&T", "1 < 2, AT&T"),
        ("<p>One\n  line</p><p>Two</p>", "One line\n\nTwo"),
        ("<b>Hi</b>\n\nas typed", "Hi\n\nas typed"),
        ("a<br>b &lt;c&gt;", "a\nb <c>"),
        ("<ul><li>one</li><li><p>two</p></li></ul>end", "- one\n- two\n\nend"),
        ('<a href="https://x.example/?a=1&amp;b=2">here</a>', "here (https://x.example/?a=1&b=2)"),
        ('<a href="https://x.example">https://x.example</a>', "https://x.example"),
        ("<pre>a\n  b</pre>", "a\n  b"),
    ],
)
def test_html_becomes_text(stored: str, shown: str) -> None:
    assert readable(stored) == shown


@given(st.lists(st.sampled_from(["<p>", "</p>", "<li>", "</a>", "<a href=x>", "word", " ", "\n"])))
def test_no_word_is_lost_whatever_the_elements(parts: list[str]) -> None:
    text = "".join(parts)

    assert readable(text).count("word") == text.count("word")


def test_a_conversation_shows_html_as_text(cli: Cli, database: Database, clock: SetClock) -> None:
    ticket = created(database, clock)
    body = "<p>Bonjour,</p><p>Où est <b>mon colis</b> ?</p>"
    add_message(Operation(database, clock), ticket.id, sender=("customer", CUSTOMER), body=body)

    page = cli("message", "list", ticket.id).out

    assert page.endswith("\n  Bonjour,\n\n  Où est mon colis ?\n")
    assert "<p>" in cli("message", "list", ticket.id, "-o", "json").out
