"""`savctl sla policy`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer
from savctl.cli.framework.text import safe
from savctl.cli.sla import group
from savctl.errors import InvalidInput

if TYPE_CHECKING:
    from savctl.domain.sla.policy import Policy


@command(
    group,
    "policy",
    examples=["savctl sla policy", "savctl sla policy --all -o json"],
)
def policy(
    call: CommandContext,
    every: Annotated[bool, typer.Option("--all", help="Every version there has been.")] = False,
    check: Annotated[
        Path | None,
        typer.Option("--check", metavar="FILE", help="Read this policy file and show it."),
    ] = None,
) -> Answer:
    """Show the SLA policy in force.

    Targets, priority rules and the warning are settings.
    """
    from savctl.domain.sla.policy import SPECIFIED

    if check is not None:
        return _file_answer(check)
    known = call.app.policies(store=False)
    current = known.current
    if current.version != SPECIFIED.version and current not in known.past:
        call.note(
            f"the settings hold a policy that was never used: it becomes version "
            f"{current.version} with the next ticket, change or job run"
        )
    if every:
        return _answer([SPECIFIED, *known.past], is_one=False)
    return _answer([current], is_one=True)


def read_policy_file(path: Path) -> Policy:
    """The policy in a person's file.

    Raises:
        InvalidInput: it cannot be read, or with every mistake in it.
    """
    from savctl.domain.sla.policy_text import from_file

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as problem:
        raise InvalidInput(f"{path}: {problem.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise InvalidInput(f"{path} is not TOML: {problem}") from None
    return from_file(table)


def _file_answer(path: Path) -> Answer:
    """The policy of a file; it is no version, and in force nowhere."""
    from savctl.domain.sla.policy_text import body

    policy = read_policy_file(path)
    row = {"version": None, "starts_at": None, **body(policy)}
    text = "\n".join([f"{safe(str(path))}: a policy that is not in force", *_lines(policy)])
    return Answer(rows=[row], is_one=True, key="version", text=text)


def _answer(policies: list[Policy], *, is_one: bool) -> Answer:
    from savctl.domain.sla.policy_text import body

    rows = [{"version": p.version, "starts_at": p.starts_at, **body(p)} for p in policies]
    text = "\n\n".join(_text(p) for p in policies)
    return Answer(rows=rows, is_one=is_one, key="version", text=text)


def _text(policy: Policy) -> str:
    title = f"Policy {policy.version}, since {policy.starts_at:%Y-%m-%d %H:%M}Z"
    return "\n".join([title, *_lines(policy)])


def _lines(policy: Policy) -> list[str]:
    from savctl.cli.framework.text import span_words

    lines = [
        f"  {level:<8} answer within {span_words(t.response):<10} solve within "
        f"{span_words(t.resolution)}"
        for level, t in policy.targets.items()
    ]
    rules = policy.rules
    lines.append(
        f"  new tickets: high over {rules.order_value_over} EUR or after more than "
        f"{rules.repeats_over} of a category, urgent after a failed payment, VIPs one higher"
    )
    share = policy.warn_at_percent
    lines.append(
        f"  early warning: at {share} % of a target"
        if share
        else "  early warning: off (set sla_warn_at)"
    )
    return lines
