"""Values that are converted without pydantic are those that Typer's own way answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from savctl.cli.framework.params import whole
from savctl.cli.framework.words.plain_values import PlainValue, with_plain_values


def _seconds(given: str) -> int:
    return int(given) * 60


def _body(
    ref: Annotated[str, typer.Argument()],
    name: Annotated[str | None, typer.Option("--name")] = None,
    part: Annotated[list[str] | None, typer.Option("--part")] = None,
    limit: Annotated[int, typer.Option("--limit", parser=whole("--limit"))] = 50,
    wait: Annotated[int, typer.Option("--wait", parser=_seconds)] = 1,
    count: Annotated[int, typer.Option("--count")] = 3,
    file: Annotated[Path | None, typer.Option("--file")] = None,
    loud: Annotated[bool, typer.Option("--loud")] = False,
) -> None:
    raise AssertionError((ref, name, part, limit, wait, count, file, loud))


def _command() -> Any:
    app = typer.Typer(add_completion=False)
    app.command()(_body)
    return typer.main.get_command(app)


def _answer(command: Any, words: list[str]) -> object:
    """The values of the command line, or what Typer refused, in its words."""
    try:
        command.main(args=words, standalone_mode=False)
    except AssertionError as given:
        return given.args[0]
    except Exception as refused:
        return type(refused).__name__, str(refused)
    return None


@pytest.mark.parametrize(
    "words",
    [
        ["12"],
        ["12", "--name", ""],
        ["é\udcff", "--name", "--name"],
        ["12", "--part", "a", "--part", "b,c"],
        ["12", "--part", ""],
        ["12", "--limit", "7", "--wait", "2"],
        ["12", "--limit", "1_000"],
        ["12", "--limit", "x"],
        ["12", "--wait", "soon"],
        ["12", "--count", "4"],
        ["12", "--count", "four"],
        ["12", "--file", "x/y"],
        ["12", "--loud"],
        ["12", "--nothing"],
        [],
    ],
)
def test_a_plain_value_is_what_typer_makes_of_it(words: list[str]) -> None:
    plain = _command()
    with_plain_values(plain.params)

    assert _answer(plain, words) == _answer(_command(), words)


def test_a_text_is_taken_without_typer_s_own_way() -> None:
    def own_way() -> Any:
        raise AssertionError("pydantic is not needed for a text")

    ref, name, part, limit = _command().params[:4]

    plain = PlainValue(own_way)
    assert plain.coerce("12", ref, None) == "12"
    assert plain.coerce(None, name, None) is None
    assert plain.coerce(["a"], part, None) == ["a"]
    assert plain.coerce("7", limit, None) == 7
