"""Values of options without pydantic, by which Typer converts every one of them.

To import it takes a sixth of the time of `savctl ticket show`, and a text needs no converting.
What is not plain goes Typer's own way, and so does what a parser refuses: the message is Typer's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class PlainValue:
    """Stands for a parameter's own conversion, `typers`, which is made when it is needed."""

    def __init__(self, typers: Callable[[], Any]) -> None:
        self._typers = typers

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value as Typer would convert it."""
        is_list = param.multiple or param.nargs == -1
        if value is None:
            return () if is_list else None
        annotation, parser = _kind(param)
        if parser is not None and not is_list:
            try:
                return parser(value)
            except (ValueError, AssertionError):
                return self._typers().coerce(value, param=param, ctx=ctx)
        if parser is None and annotation is str and type(value) is str:
            return value
        if parser is None and annotation == list[str] and _are_texts(value):
            return list(value)
        return self._typers().coerce(value, param=param, ctx=ctx)


def with_plain_values(params: list[Any]) -> list[Any]:
    """These parameters of Typer, which convert plain values without pydantic from now on."""
    for param in params:
        if "get_runtime_param" not in vars(param) and hasattr(param, "get_runtime_param"):
            param.get_runtime_param = _answering(PlainValue(param.get_runtime_param))
    return params


def _answering(value: PlainValue) -> Callable[[], PlainValue]:
    return lambda: value


def _kind(param: Any) -> tuple[Any, Callable[[Any], Any] | None]:
    described = param.type_descriptor
    return described.annotation, described.parameter_info.parser


def _are_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(type(item) is str for item in value)
