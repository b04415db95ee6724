"""How a command joins its group: the common options are declared here, once.

A command is a function of a `CommandContext` and its own parameters; it answers with an `Answer`,
with an exit code, or with nothing. Options such as `--output` and `--dry-run` are added to its
signature.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from savctl.cli.framework.choices import one_of
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.effects import INSTEAD_OF_AT, Effect, effect_of
from savctl.cli.framework.errors import write_failure
from savctl.cli.framework.filters import FILTERS, filter_of
from savctl.cli.framework.output import Answer, AnswerLost, Format, Outcome, write
from savctl.cli.framework.params import whole
from savctl.domain.model.ticket_filter import TicketFilter
from savctl.errors import ConfigurationError, InvalidInput, PartlyDone

_OUTPUT = Annotated[
    str,
    typer.Option("--output", "-o", metavar="FORMAT", help="table, wide, json, jsonl, csv or ids."),
]
_COLUMNS = Annotated[
    str | None, typer.Option("--columns", metavar="A,B", help="Columns, as id,metadata.sla.")
]
_NO_HEADERS = Annotated[
    bool, typer.Option("--no-headers", help="No line of headers in a table or in CSV.")
]
_CONFIG = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Configuration file to read.")
]
_QUIET = Annotated[bool, typer.Option("--quiet", "-q", help="No notes on stderr.")]
_VERBOSE = Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")]
_COLOR = Annotated[str, typer.Option("--color", metavar="WHEN", help="auto, always or never.")]
_LOG_FORMAT = Annotated[
    str | None,
    typer.Option("--log-format", metavar="FORMAT", help="Log lines on stderr: text or json."),
]
_AT = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help="Set the clock (reading and dry runs only)."),
]
_DRY_RUN = Annotated[
    bool, typer.Option("--dry-run", "-n", help="Show what would change; change nothing.")
]
_AS = Annotated[
    int | None,
    typer.Option(
        "--as", metavar="USER_ID", parser=whole("--as"), help="Who acts; also SAVCTL_ACTOR."
    ),
]
_YES = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]

_MORE = "savctl.options"
_CONTEXT = "typer_context"  # the parameter by which Typer hands over the command's own words
_Option = tuple[str, Any, Any]  # parameter, annotation, default

_COMMON: tuple[_Option, ...] = (
    ("output", _OUTPUT, "table"),
    ("columns", _COLUMNS, None),
    ("no_headers", _NO_HEADERS, False),
    ("config", _CONFIG, None),
    ("quiet", _QUIET, False),
    ("verbose", _VERBOSE, False),
    ("color", _COLOR, "auto"),
    ("log_format", _LOG_FORMAT, None),
    ("at", _AT, None),
)
_WRITERS: tuple[_Option, ...] = (
    ("dry_run", _DRY_RUN, False),
    ("actor", _AS, None),
)
_ASKERS: tuple[_Option, ...] = (("yes", _YES, False),)
_ACTORS: tuple[_Option, ...] = (("actor", _AS, None),)

Body = Callable[..., Answer | Outcome | int | None]
CommandOptions = Mapping[str, Any]  # the parameter that gets what `more` declares
NO_OPTIONS: CommandOptions = MappingProxyType({})
MoreOptions = Callable[[], Sequence[Any]]


def new_group(help_text: str, *, is_command: bool = False) -> typer.Typer:
    """A group of commands with one look; with `is_command` its only command stands for it."""
    group = typer.Typer(
        help=help_text,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    if not is_command:
        group.callback()(lambda: None)  # else Typer drops the name of an only command
    return group


def command(
    group: typer.Typer,
    name: str,
    *,
    examples: Sequence[str],
    writes: bool = False,
    asks: bool = False,
    acts: bool = False,
    filters: bool = False,
    more: MoreOptions | None = None,
) -> Callable[[Body], Body]:
    """Add a function to a group.

    `writes` adds `--dry-run` and `--as`, `asks` adds `--yes`, `acts` adds `--as` to a reading
    command; `filters` makes of a parameter `wanted: TicketFilter` the options that choose
    tickets. `more` answers further parameters when the command itself is asked for; their values
    reach the body by its parameter `options: CommandOptions`. `examples` lead the help; the
    test-suite runs them.
    """
    extra = _COMMON + (_WRITERS if writes else ()) + (_ASKERS if asks else ())
    extra += _ACTORS if acts and not writes else ()

    def decorate(body: Body) -> Body:
        def invoke(**given: Any) -> int | None:
            context: typer.Context = given.pop(_CONTEXT)
            words, more_values = _words(context), context.meta.get(_MORE, NO_OPTIONS)
            call = _call_from({key: given.pop(key) for key, _, _ in extra}, words=words)
            with closing(call):
                if filters:
                    options = {name: given.pop(name) for name, _, _ in FILTERS}
                    given["wanted"] = filter_of(call, options)
                if more is not None:
                    given["options"] = more_values
                try:
                    return _outcome(body, call, given)
                except KeyboardInterrupt:  # Typer would end without a word
                    raise typer.Abort from None
                except AnswerLost as lost:
                    raise (_but_done(lost) if writes and not call.dry_run else lost) from None

        invoke.__signature__ = _signature(body, extra)  # type: ignore[attr-defined]
        invoke.__name__ = body.__name__
        invoke.__module__ = body.__module__
        invoke.__annotations__ = {}
        group.command(
            name, cls=_taking(more) if more else TyperCommand, help=_help(body, examples)
        )(invoke)
        return body

    return decorate


def _taking(more: MoreOptions) -> type[TyperCommand]:
    """A command with further options, whose values wait in the context.

    Typer hands a function nothing that its signature does not name.
    """

    class Taking(TyperCommand):
        @cached_property
        def further(self) -> list[Any]:
            return list(more())

        def get_params(self, ctx: Any) -> list[Any]:
            return [*self.further, *super().get_params(ctx)]

        def invoke(self, ctx: Any) -> Any:
            ctx.meta[_MORE] = {each.name: ctx.params.pop(each.name) for each in self.further}
            return super().invoke(ctx)

    return Taking


def _outcome(body: Body, call: CommandContext, given: dict[str, Any]) -> int | None:
    with call.notes_held() if call.effect is Effect.READS else nullcontext():
        done = body(call, **given)
        if isinstance(done, Answer):
            done = Outcome(answer=done)
        return _ended(call, done) if isinstance(done, Outcome) else done


def _ended(call: CommandContext, outcome: Outcome) -> int | None:
    """Print what a command ends with, and answer its exit code."""
    if outcome.answer is not None:
        with call.notes_held():
            has_rows = write(outcome.answer, call.look)
        if not has_rows and outcome.answer.noun:
            call.note(f"No {outcome.answer.noun} found.")
    for note in outcome.notes:
        call.note(note)
    for warning in outcome.warnings:
        call.warn(warning)
    for failure in outcome.failures:
        write_failure(failure, as_json=call.is_json)
    if outcome.exit is None and outcome.failures:
        return int(outcome.failures[-1].exit_code)
    return outcome.exit


def _but_done(lost: AnswerLost) -> PartlyDone:
    """To run a writer again because its answer was lost might do everything twice."""
    return PartlyDone(
        f"the changes are stored, but savctl {lost.message}",
        hint="Do not run it again before you have looked what is there.",
    )


def _signature(body: Body, extra: Sequence[_Option]) -> inspect.Signature:
    own = list(inspect.signature(body, eval_str=True).parameters.values())[1:]
    parameters: list[inspect.Parameter] = []
    for parameter in own:
        if parameter.annotation is TicketFilter:
            parameters += _declared(FILTERS)
        elif parameter.annotation == CommandOptions:
            continue
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
    context = inspect.Parameter(_CONTEXT, inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    return inspect.Signature([*parameters, context, *_declared(extra)])


def _declared(options: Sequence[_Option]) -> list[inspect.Parameter]:
    return [
        inspect.Parameter(
            key, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
        )
        for key, annotation, default in options
    ]


def _help(body: Body, examples: Sequence[str]) -> str:
    docstring = inspect.getdoc(body) or ""
    shown = "\n".join(f"  {example}" for example in examples)
    return f"{docstring}\n\n\b\nExamples:\n{shown}"


def _words(context: typer.Context) -> str:
    """The words that name the command, without the program's name: `ticket list`."""
    names: list[str] = []
    level: Any = context
    while level is not None and level.parent is not None:
        names.insert(0, str(level.info_name))
        level = level.parent
    return " ".join(names)


def _call_from(given: dict[str, Any], *, words: str) -> CommandContext:
    effect = effect_of(words)
    _require_own_clock(given, words, effect)
    given["output"] = Format(one_of("output", given["output"], tuple(Format)))
    given["color"] = one_of("color", given["color"], ("auto", "always", "never"))
    if given["log_format"] is not None:
        given["log_format"] = one_of("log-format", given["log_format"], ("text", "json"))
    names = (given["columns"] or "").split(",")
    given["columns"] = tuple(name.strip() for name in names if name.strip())
    if given["config"] is not None and not given["config"].is_file():
        raise ConfigurationError(f"there is no configuration file {given['config']}")
    return CommandContext(**given, effect=effect)


def _require_own_clock(given: dict[str, Any], words: str, effect: Effect) -> None:
    """Nothing is stored or given out at another time than now (command line, 1.8).

    Raises:
        InvalidInput: `--at` stands beside something that is not undone again.
    """
    if given["at"] is None or effect is Effect.READS or given.get("dry_run"):
        return
    raise InvalidInput(
        "--at sets the clock for reading and dry runs only",
        hint="Add --dry-run."
        if "dry_run" in given
        else INSTEAD_OF_AT.get(words, "Leave out --at."),
    )
