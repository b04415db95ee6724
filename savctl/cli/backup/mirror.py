"""`savctl backup mirror`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.backup import group
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.mirror import required_mirror
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.stderr.progress import watching
from savctl.domain.text import plural
from savctl.errors import Findings

if TYPE_CHECKING:
    from savctl.usecases.mirror.mirror import Mirror
    from savctl.usecases.mirror.verifying import MirrorVerdict

_COLUMNS = ("key", "sha256", "problem")


@command(
    group,
    "mirror",
    writes=True,
    examples=["savctl backup mirror --dry-run", "savctl backup mirror --verify -o json"],
)
def mirror(
    call: CommandContext,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read the mirror back instead, and check digests.")
    ] = False,
) -> Answer | Outcome | None:
    """Copy what is new in the bucket to its mirror.

    It runs the job bucket-mirror now.

    --verify reads every object of the mirror back: exit code 10 when one is spoiled.
    """
    found = required_mirror(call)
    if verify:
        return _verified(call, found)
    from savctl.cli.job.running import by_name

    return by_name(call, "bucket-mirror")


def _verified(call: CommandContext, found: Mirror) -> Outcome:
    from savctl.scheduling.stop import stopping_on_signals
    from savctl.usecases.mirror.records import record_verdict
    from savctl.usecases.mirror.verifying import verify_mirror

    with stopping_on_signals() as stop, watching(call, closes=False) as progress:
        verdict = verify_mirror(
            found,
            should_stop=stop.is_set,
            on_each=lambda count: progress.show(plural(count, "object"), done=count),
        )
    if not verdict.is_stopped and not call.dry_run:
        record_verdict(call.database, verdict, at=call.clock())
    stopped = 128 + int(stop.signal or 0) if verdict.is_stopped else None
    return _answer(call, verdict, stopped)


def _answer(call: CommandContext, verdict: MirrorVerdict, exit_code: int | None) -> Outcome:
    answer = Answer(
        rows=[
            {"key": one.key, "sha256": one.sha256, "problem": one.problem}
            for one in verdict.spoiled
        ],
        columns=_COLUMNS,
        key="sha256",
        noun="spoiled objects",
    )
    read = f"{plural(verdict.objects, 'object')} of {verdict.bytes:,} bytes read back"
    call.note(f"{read}; stopped" if verdict.is_stopped else read)
    if verdict.count:
        failure = Findings(
            f"{plural(verdict.count, 'object')} of the mirror spoiled",
            hint="Run 'savctl backup mirror': it copies those again that the bucket still has.",
        )
        return Outcome(answer=answer, failures=(failure,))
    return Outcome(answer=answer, exit=exit_code)
