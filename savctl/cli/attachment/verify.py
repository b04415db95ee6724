"""`savctl attachment verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.attachment import group
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.page import and_more, named, section, title
from savctl.domain.model.references import reference
from savctl.domain.text import plural
from savctl.errors import Findings

if TYPE_CHECKING:
    from savctl.usecases.bucket.verifying import VerifyReport

_SHOWN = 50  # wrong records in the text; JSON has more


@command(
    group,
    "verify",
    examples=["savctl attachment verify", "savctl attachment verify TKT-7K2M9QXA --quick"],
)
def verify(
    call: CommandContext,
    tickets: Annotated[
        list[str] | None, typer.Argument(metavar="[TKT…]", help="Only files of these tickets.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Existence and size only; content is not read.")
    ] = False,
) -> Answer | Outcome:
    """Compare every record with its object.

    Exit code 10 when one is missing or differs.

    Files that are soft-deleted count. Nothing is changed.
    """
    from savctl.scheduling.stop import stopping_on_signals
    from savctl.usecases.bucket.verifying import verify_files

    refs = [reference(given) for given in tickets or ()]
    with stopping_on_signals() as stop:
        report = verify_files(
            call.database, call.app.store, refs=refs, is_quick=quick, should_stop=stop.is_set
        )
    answer = Answer(rows=[_row(report)], is_one=True, key="checked", text=_text(report))
    if report.is_stopped and stop.signal is not None:
        return Outcome(answer=answer, exit=128 + stop.signal)
    if not report.is_broken:
        return answer
    summary = ", ".join(f"{name} ({count})" for name, count in report.counts.items() if count)
    differ = Findings(
        f"records and objects differ: {summary}",
        hint="Copy the objects from a backup of the bucket to the same keys.",
    )
    return Outcome(answer=answer, failures=(differ,))


def _row(report: VerifyReport) -> dict[str, object]:
    return {
        "checked": report.checked,
        "bytes_read": report.bytes_read,
        **report.counts,
        "items": [
            {
                "id": wrong.attachment.id,
                "ticket_id": wrong.attachment.ticket_id,
                "file_path": wrong.attachment.file_path,
                "problem": wrong.problem,
                "detail": wrong.detail,
            }
            for wrong in report.wrong
        ],
    }


def _text(report: VerifyReport) -> str:
    """The counts in one line, then what is wrong, as much as fits a screen."""
    wrong = report.wrong[:_SHOWN]
    lines = named(
        [
            (
                f"attachment {each.attachment.id} of ticket {each.attachment.ticket_id}",
                f"{each.problem}: {each.detail} ({each.attachment.file_path})",
            )
            for each in wrong
        ],
        inside=1,
    )
    total = sum(report.counts.values())
    lines += and_more(total, shown=len(wrong), listed=len(report.wrong))
    head = f"{plural(report.checked, 'record')} checked, {plural(report.bytes_read, 'byte')} read"
    return "\n".join(section(head, lines) or title(head))
