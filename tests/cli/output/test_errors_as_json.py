"""An error is a JSON line wherever the answer would be JSON (contract: command line, 1.2)."""

from __future__ import annotations

import json

import pytest

from savctl.cli.framework.run import run
from tests.conftest import Cli

ASKING = [
    ("-o", "json"),
    ("-ojson",),
    ("-qo", "json"),
    ("-qojson",),
    ("-vqo", "jsonl"),
    ("--output", "json"),
    ("--output=json",),
    ("--output=jsonl",),
    ("-o", "JSON"),
    ("-o", "table", "-o", "json"),
]
FAILING = {
    4: ("ticket", "show", "TKT-NOWHERE"),
    2: ("ticket", "show", "TKT-NOWHERE", "--no-such-option"),
}
pytestmark = pytest.mark.only_on("sqlite")


@pytest.mark.parametrize("asking", ASKING, ids=" ".join)
@pytest.mark.parametrize("code", FAILING)
def test_an_error_is_one_json_line_however_json_is_asked_for(
    cli: Cli, asking: tuple[str, ...], code: int
) -> None:
    outcome = cli(*FAILING[code], *asking)

    error = json.loads(outcome.err)["error"]
    assert (outcome.code, error["exit"], outcome.out) == (code, code, "")
    assert {"code", "message", "hint"} <= error.keys()


@pytest.mark.parametrize("asking", ASKING, ids=" ".join)
def test_the_format_may_stand_before_the_arguments(cli: Cli, asking: tuple[str, ...]) -> None:
    outcome = cli("ticket", "show", *asking, "TKT-NOWHERE")

    assert json.loads(outcome.err)["error"]["exit"] == 4


@pytest.mark.parametrize(
    "words",
    [
        ("ticket", "nonsense", "-qo", "json"),
        ("nonsense", "-ojson"),
        ("ticket", "create", "-qo", "json"),
        ("ticket", "list", "--limit", "many", "-qo", "json"),
        ("ticket", "list", "--status", "opne", "-qojson"),
    ],
    ids=" ".join,
)
def test_wrong_words_are_answered_in_json_too(cli: Cli, words: tuple[str, ...]) -> None:
    outcome = cli(*words)

    assert json.loads(outcome.err)["error"]["exit"] == outcome.code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("-o", "json", "-o", "table"),
        ("-o", "csv"),
        ("--", "-o", "json"),
        ("--output=ids",),
    ],
    ids=" ".join,
)
def test_an_error_is_in_words_where_the_answer_would_be_none(
    cli: Cli, words: tuple[str, ...]
) -> None:
    outcome = cli("ticket", "show", "TKT-NOWHERE", *words)

    assert outcome.err.startswith("error: ")


def test_a_bug_is_one_json_line_with_its_traceback_on_request(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("savctl.persistence.engine.Database.reading", broken)

    short, long = cli("ticket", "list", "-qojson"), cli("ticket", "list", "-vo", "json")

    assert (short.code, long.code) == (1, 1)
    assert "traceback" not in json.loads(short.err)["error"]
    assert "broken" in "".join(json.loads(long.err)["error"]["traceback"])


def test_an_interruption_at_a_question_is_a_json_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("savctl.cli.states.Answer", interrupted)

    code = run(["states", "-qo", "json"])

    assert json.loads(capsys.readouterr().err)["error"]["exit"] == code == 130
