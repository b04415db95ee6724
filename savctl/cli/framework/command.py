"""How a command joins its group: the common options are declared here, once.

A command is a function of a `CommandContext` and its own parameters; it answers with an `Answer`,
with an exit code, or with nothing. Options such as `--output` and `--dry-run` are added to its
signature.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from functools import cached_property
from types import MappingProxyType
from typing import Any

import typer

from savctl.cli.framework.choices import one_of
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.effects import INSTEAD_OF_AT, Effect, effect_of
from savctl.cli.framework.filters import FILTERS, filter_of
from savctl.cli.framework.output import Answer, AnswerLost, Format, Outcome, write
from savctl.cli.framework.stderr.errors import write_failure
from savctl.cli.framework.words.common import (
    ACTOR,
    CLOCK,
    COMMON,
    CONFIRMATION,
    WRITING,
    Option,
)
from savctl.cli.framework.words.tree import BranchGroup, LeafCommand, PackageGroup
from savctl.domain.access.policy import Need, need_of
from savctl.domain.model.ticket_filter import TicketFilter
from savctl.errors import ConfigurationError, InvalidInput, PartlyDone

_MORE = "savctl.options"
_CONTEXT = "typer_context"  # the parameter by which Typer hands over the command's own words

Body = Callable[..., Answer | Outcome | int | None]
CommandOptions = Mapping[str, Any]  # the parameter that gets what `more` declares
NO_OPTIONS: CommandOptions = MappingProxyType({})
MoreOptions = Callable[[], Sequence[Any]]


def new_group(
    help_text: str,
    *,
    is_command: bool = False,
    default: str | None = None,
    package: str = "",
    modules: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> typer.Typer:
    """A group of commands with one look; with `is_command` its only command stands for it.

    `default` is the command that the group's name alone stands for. With `modules` the commands
    of each are in a module of `package`, which is imported when one of them is used.
    """
    kind = PackageGroup if modules else BranchGroup
    members = {"default": default, "package": package, "modules": modules}
    group = typer.Typer(
        cls=type(kind.__name__, (kind,), members),
        help=help_text,
        no_args_is_help=default is None,
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
    timeless: bool = False,
    filters: bool = False,
    more: MoreOptions | None = None,
) -> Callable[[Body], Body]:
    """Add a function to a group.

    `writes` adds `--dry-run`, `--as` and `--yes`, `asks` adds `--yes` and `acts` `--as` to a
    reading command; a `timeless` one has no `--at`; `filters` makes of a parameter
    `wanted: TicketFilter` the options that choose
    tickets. `more` answers further parameters when the command itself is asked for; their values
    reach the body by its parameter `options: CommandOptions`. `examples` lead the help; the
    test-suite runs them.
    """
    extra = WRITING if writes else (CONFIRMATION * asks + ACTOR * acts)
    extra += COMMON + CLOCK * (not timeless)

    def decorate(body: Body) -> Body:
        def invoke(**given: Any) -> int | None:
            context: typer.Context = given.pop(_CONTEXT)
            words, more_values = _words(context), context.meta.get(_MORE, NO_OPTIONS)
            call = _call_from({key: given.pop(key) for key, _, _ in extra}, words=words)
            with closing(call):
                if more is not None:
                    given["options"] = more_values
                try:
                    return _outcome(body, call, given, filters=filters)
                except KeyboardInterrupt:  # Typer would end without a word
                    raise typer.Abort from None
                except AnswerLost as lost:
                    raise (_but_done(lost) if writes and not call.dry_run else lost) from None

        invoke.__signature__ = _signature(body, extra)  # type: ignore[attr-defined]
        invoke.__name__ = body.__name__
        invoke.__module__ = body.__module__
        invoke.__annotations__ = {}
        kind = _taking(more) if more else LeafCommand
        shown = type(kind.__name__, (kind,), {"examples": tuple(examples)})
        group.command(name, cls=shown, help=_help(body, examples))(invoke)
        return body

    return decorate


def _taking(more: MoreOptions) -> type[LeafCommand]:
    """A command with further options, whose values wait in the context.

    Typer hands a function nothing that its signature does not name.
    """

    class Taking(LeafCommand):
        @cached_property
        def further(self) -> list[Any]:
            return list(more())

        def get_params(self, ctx: Any) -> list[Any]:
            return [*self.further, *super().get_params(ctx)]

        def invoke(self, ctx: Any) -> Any:
            ctx.meta[_MORE] = {each.name: ctx.params.pop(each.name) for each in self.further}
            return super().invoke(ctx)

    return Taking


def _outcome(
    body: Body, call: CommandContext, given: dict[str, Any], *, filters: bool
) -> int | None:
    with (
        call.notes_held() if call.effect is Effect.READS else nullcontext(),
        _gate(call, given),
    ):
        if filters:
            options = {name: given.pop(name) for name, _, _ in FILTERS}
            given["wanted"] = filter_of(call, options)
        done = body(call, **given)
        if isinstance(done, Answer):
            done = Outcome(answer=done)
        return _ended(call, done) if isinstance(done, Outcome) else done


def _gate(call: CommandContext, given: Mapping[str, Any]) -> AbstractContextManager[None]:
    """What lets a command be done (rules 12); it is loaded where a token decides only."""
    is_free = need_of(call.words) is Need.NOTHING
    if is_free or not (call.settings.token is not None or call.settings.require_token):
        return nullcontext()
    from savctl.cli.framework.gate.admission import admitted

    return admitted(call, given)


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
        write_failure(failure, as_json=call.is_json, is_verbose=call.verbose, color=call.color)
    if outcome.exit is None and outcome.failures:
        return int(outcome.failures[-1].exit_code)
    return outcome.exit


def _but_done(lost: AnswerLost) -> PartlyDone:
    """To run a writer again because its answer was lost might do everything twice."""
    return PartlyDone(
        f"the changes are stored, but savctl {lost.message}",
        hint="Check what is stored before you run it again.",
    )


def _signature(body: Body, extra: Sequence[Option]) -> inspect.Signature:
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


def _declared(options: Sequence[Option]) -> list[inspect.Parameter]:
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
    given.setdefault("at", None)
    _require_own_clock(given, words, effect)
    given["output"] = Format(one_of("output", given["output"], tuple(Format)))
    given["color"] = one_of("color", given["color"], ("auto", "always", "never"))
    if given["log_format"] is not None:
        given["log_format"] = one_of("log-format", given["log_format"], ("text", "json"))
    given["columns"] = _columns(given["columns"], words)
    if given["config"] is not None and not given["config"].is_file():
        raise ConfigurationError(f"there is no configuration file {given['config']}")
    return CommandContext(**given, effect=effect, words=words)


def _columns(given: str | None, words: str) -> tuple[str, ...]:
    if given is None:
        return ()
    from savctl.cli.framework.tables.fields import require_columns

    columns = tuple(name.strip() for name in given.split(",") if name.strip())
    require_columns(columns, words)
    return columns


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
