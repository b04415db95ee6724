"""Mistakes in the words themselves, as Typer finds them, in savctl's words."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import typer

from savctl.cli.framework.words.guesses import UsageProblem

_TOO_MANY = "Got unexpected extra argument"


def usage_problem(failure: typer.TyperException) -> UsageProblem:
    """The failure with the name of the command, and what to do."""
    context: Any = getattr(failure, "ctx", None)
    path = context.command_path if context is not None else "savctl"
    hint = f"Run '{path} --help' for usage."
    message = failure.format_message().rstrip(".")
    if message.startswith(_TOO_MANY):
        more = message.removeprefix(_TOO_MANY).removeprefix("(s)").strip(" ()")
        return UsageProblem(f"{path} takes no further argument: {more}", hint=hint)
    option = getattr(failure, "option_name", None)
    if type(failure).__name__ != "NoSuchOption" or context is None:
        return UsageProblem(message, hint=hint)
    known = {name for param in context.command.get_params(context) for name in param.opts}
    near = get_close_matches(str(option), sorted(known), n=1, cutoff=0.7)
    if near:
        hint = f"Did you mean {near[0]!r}? {hint}"
    return UsageProblem(f"{path} has no option {option!r}", hint=hint)


def missing_parameters(command: Any, context: Any, words: list[str]) -> UsageProblem | None:
    """The failure that names every option and argument that is required and not given."""
    given, _, _ = command.make_parser(context).parse_args(args=list(words))
    missing = [
        param
        for param in command.get_params(context)
        if param.required and param.value_is_missing(given.get(param.name))
    ]
    if not missing:
        return None
    options = [repr(max(param.opts, key=len)) for param in missing if _is_option(param)]
    arguments = [repr(param.display_name_raw) for param in missing if not _is_option(param)]
    parts = [*_named("argument", arguments), *_named("option", options)]
    return UsageProblem(
        f"Missing {' and '.join(parts)}",
        hint=f"Run '{context.command_path} --help' for usage.",
    )


def _is_option(param: Any) -> bool:
    return bool(param.param_type_name == "option")


def _named(kind: str, names: list[str]) -> list[str]:
    return [f"{kind}{'s' if len(names) > 1 else ''} {', '.join(names)}"] if names else []
