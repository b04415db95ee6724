"""How help looks: own options first and explained, the common ones named in a short block."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_WIDTH = 78
_INDENT = "  "
_VALUES = {"int": "N", "float": "N", "Path": "FILE"}


def usage_pieces(params: Iterable[Any]) -> list[str]:
    """The usage line: arguments, then options that are required, then `[OPTIONS]`."""
    shown = [param for param in params if not param.hidden]
    arguments = [_argument_piece(param) for param in shown if not _is_option(param)]
    required = [_option_name(param) for param in shown if _is_option(param) and param.required]
    return [*arguments, *required, "[OPTIONS]"]


def write_parameters(params: Iterable[Any], context: Any, formatter: Any) -> None:
    """Arguments and own options with their help, then the names of the common options."""
    from savctl.cli.framework.words.common import COMMON_NAMES

    shown = [param for param in params if not param.hidden]
    arguments = [(value_name(p), _help_of(p, context)) for p in shown if not _is_option(p)]
    options = [param for param in shown if _is_option(param)]
    own = [(_names(p), _help_of(p, context)) for p in options if p.name not in COMMON_NAMES]
    common = [_names(param) for param in options if param.name in COMMON_NAMES]
    for name, rows in (("Arguments", arguments), ("Options", own)):
        if rows:
            with formatter.section(name):
                formatter.write_dl(rows)
    if len(common) > 1:
        with formatter.section("Common options, explained by 'savctl help options'"):
            formatter.write("".join(f"{_INDENT}{line}\n" for line in _lines(common)))


def value_name(param: Any) -> str:
    """What stands for the value: the metavar, or one that fits the type."""
    if param.metavar is not None:
        return str(param.metavar).strip("[]").rstrip("….")
    if not _is_option(param):
        return str(param.name).upper()
    kinds = [name for kind, name in _VALUES.items() if kind in str(param.bare_type())]
    return kinds[0] if kinds else "TEXT"


def _is_option(param: Any) -> bool:
    return bool(param.param_type_name == "option")


def _argument_piece(param: Any) -> str:
    name = value_name(param) + ("…" if param.nargs == -1 else "")
    return name if param.required else f"[{name}]"


def _option_name(param: Any) -> str:
    name = max(param.opts, key=len)
    return name if param.is_flag else f"{name} {value_name(param)}"


def _names(param: Any) -> str:
    names = ", ".join(sorted(param.opts, key=len))
    return names if param.is_flag else f"{names} {value_name(param)}"


def _help_of(param: Any, context: Any) -> str:
    notes = ["required"] if param.required and _is_option(param) else []
    default = param.get_default(context)
    if _is_option(param) and not param.is_flag and default not in {None, "", ()}:
        notes.append(f"default: {default}")
    return " ".join((param.help or "", *(f"[{note}]" for note in notes))).strip()


def _lines(parts: Iterable[str]) -> Iterable[str]:
    line = ""
    for part in parts:
        longer = f"{line}   {part}" if line else part
        if len(longer) > _WIDTH - len(_INDENT):
            yield line
            longer = part
        line = longer
    yield line
