"""`savctl gdpr log list, show`, `savctl gdpr certificate check`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from savctl.cli.framework.choices import one_of
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.files import Force
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.page_file import page_place, write_page
from savctl.cli.gdpr import certificates, logs
from savctl.errors import Findings, InvalidInput, NotFound

_KINDS = ("erasure", "export", "hold")
_COLUMNS = ("id", "kind", "at", "actor", "state", "partial")


@command(
    logs,
    "list",
    examples=["savctl gdpr log list", "savctl gdpr log list --kind erasure -o json"],
)
def list_(
    call: CommandContext,
    kind: Annotated[
        str | None,
        typer.Option("--kind", metavar="KIND", help="Only these: erasure, export or hold."),
    ] = None,
) -> Answer:
    """List what was done with persons' data, oldest first."""
    from savctl.usecases.erasure.privacy_log import entries

    wanted = None if kind is None else one_of("kind", kind, _KINDS)
    rows = entries(call.database, wanted)
    return Answer(rows=rows, columns=_COLUMNS, fields=_COLUMNS, key="id", noun="entries")


@command(
    logs,
    "show",
    examples=[
        "savctl gdpr log show er-0123456789abcdef0123456789abcdef",
        "savctl gdpr log show er-0123456789abcdef0123456789abcdef --html certificate.html",
    ],
)
def show(
    call: CommandContext,
    entry: Annotated[str, typer.Argument(metavar="ID", help="As gdpr log list names it.")],
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write it as one HTML page.")
    ] = None,
    force: Force = False,
) -> Answer:
    """Show one entry; of an erasure its certificate."""
    from savctl.usecases.erasure.privacy_log import entry_of

    place = page_place(call, html, force=force)
    found = entry_of(call.database, entry)
    if found is None:
        raise NotFound(f"no entry {entry}", hint="Run 'savctl gdpr log list'.", id=entry)
    is_certificate = "sha256" in found
    if place is not None and not is_certificate:
        raise InvalidInput(f"{entry} has no certificate: there is no page of it")
    text = None
    if place is not None:
        from savctl.pages.certificate import page

        text = write_page(call, place, page(found))
    elif is_certificate and call.wants_page:
        from savctl.cli.views.erasures import certificate_page

        text = certificate_page(found)
    return Answer(rows=[found], is_one=True, as_record=not is_certificate, key="id", text=text)


@command(
    certificates,
    "check",
    examples=["savctl gdpr certificate check erased.json"],
)
def check(
    call: CommandContext,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A certificate as JSON.")],
) -> Outcome:
    """Check whether a certificate is as it was made.

    Also whether this database made it. Exit code 10 when it was altered.
    """
    from savctl.usecases.erasure.privacy_log import check_certificate

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise InvalidInput(f"cannot read {file}: {problem}") from None
    try:
        given = json.loads(text, object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        given = None
    checked = check_certificate(call.database, call.settings.erasure_key, given)
    row = {"file": str(file), **checked.as_row()}
    answer = Answer(rows=[row], is_one=True, as_record=True, key="id")
    if checked.problem is not None:
        return Outcome(answer=answer, failures=(Findings(f"{file}: {checked.problem}"),))
    if not checked.made_here:
        warning = "it is intact, but this database did not make it"
        return Outcome(answer=answer, warnings=(warning,))
    return Outcome(answer=answer)


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object without a repeated key: a reader sees the first of two, JSON takes the last.

    Raises:
        ValueError: a key is repeated.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is repeated")
    return found
