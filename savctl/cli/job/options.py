"""The options of jobs as options of `job run`."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from savctl.cli.framework.params import whole
from savctl.errors import InvalidInput
from savctl.scheduling.job import Job, all_jobs
from savctl.scheduling.job_options import HELP, IS_NUMBER, METAVAR, JobOptions


def declared() -> list[Any]:
    """Every option of every job, as Typer makes them; `options_of` refuses those of another."""
    found: dict[str, Field[Any]] = {}
    users: dict[str, list[str]] = defaultdict(list)
    for job in all_jobs().values():
        for each in fields(job.options):
            found[each.name] = each
            users[each.name].append(job.name)

    def stand_in(**_: object) -> None:
        """Only its signature is read."""

    stand_in.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [_parameter(each, users[name]) for name, each in found.items()]
    )
    group = typer.Typer(add_completion=False)
    group.command()(stand_in)
    return [option for option in typer.main.get_command(group).params if option.name in found]


def options_of(job: Job, given: Mapping[str, Any]) -> JobOptions:
    """The options of this job.

    Raises:
        InvalidInput: an option that the job does not have, or two that exclude each other.
    """
    known = {each.name for each in fields(job.options)}
    chosen = {name: value for name, value in given.items() if value}
    for name in chosen:
        if name not in known:
            raise InvalidInput(f"{job.name} knows no {_flag(name)}", job=job.name)
    return job.options(**{n: Path(v) if isinstance(v, str) else v for n, v in chosen.items()})


def _parameter(option: Field[Any], jobs: list[str]) -> inspect.Parameter:
    is_number = option.metadata[IS_NUMBER]
    kind: Any = bool if isinstance(option.default, bool) else Path | None
    kind = int | None if is_number else kind
    text = f"{option.metadata[HELP]} ({', '.join(jobs)})"
    flag = _flag(option.name)
    parser = whole(flag) if is_number else None
    line = typer.Option(flag, metavar=option.metadata[METAVAR], help=text, parser=parser)
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=option.default,
        annotation=Annotated[kind, line],
    )


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
