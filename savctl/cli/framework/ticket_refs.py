"""Tickets as the command line names them and answers with them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.encrypted import readable
from savctl.cli.framework.output import Answer, Outcome, Row
from savctl.cli.framework.stderr.errors import write_failure
from savctl.domain.access.sight import as_seen
from savctl.domain.model.references import reference
from savctl.domain.model.ticket import TICKET_COLUMNS, Ticket
from savctl.domain.text import plural
from savctl.errors import InvalidInput, PartlyDone, SavError, Unavailable

if TYPE_CHECKING:  # it brings SQLAlchemy along, which help does without
    from savctl.usecases.tickets.changes import Change

OneTicket = Annotated[str, typer.Argument(metavar="TKT", help="Number or id; id:4, number:4.")]
ManyTickets = Annotated[
    list[str],
    typer.Argument(metavar="TKT…", help="Ticket numbers or ids; - reads them from stdin."),
]
Reason = Annotated[str | None, typer.Option("--reason", help="Why, for the history.")]
Bridge = Annotated[
    bool, typer.Option("--bridge", help="Take the legal steps in between, in one transaction.")
]

LIST_COLUMNS = (
    "ticket_number",
    "status",
    "priority",
    "user_id",
    "assigned_to",
    "category",
    "subject",
    "created_at",
)
LIST_KEPT = ("status", "priority", "subject")  # on the narrowest terminal as well
CHANGE_COLUMNS = ("ticket_number", "status", "priority", "assigned_to", "changed")


def references(given: Sequence[str]) -> tuple[list[str | int], bool]:
    """What the words name, and whether it is one ticket given as such."""
    if "-" not in given:
        return [reference(word) for word in given], len(given) == 1
    if list(given) != ["-"]:
        raise InvalidInput("- means all tickets on stdin; give it alone")
    return list(_from_stdin()), False


def ticket_row(ticket: Ticket) -> dict[str, object]:
    """A ticket with the service's column names, in its order."""
    row = {name: getattr(ticket, name) for name in TICKET_COLUMNS}
    return row | {
        "priority": str(ticket.priority),
        "status": str(ticket.status),
        "metadata": dict(ticket.metadata),
    }


def change_row(call: CommandContext, change: Change) -> dict[str, object]:
    """The ticket after a change, with what the change was."""
    call.warn_of_change(change.warnings)
    shown = readable(call, as_seen(change.ticket, call.token_bearer))
    row: dict[str, object] = {**ticket_row(shown), "changed": change.changed}
    if change.message_id is not None:
        row["message_id"] = change.message_id
    if call.dry_run:
        row["dry_run"] = True
    return row


def change_each(
    call: CommandContext, given: Sequence[str], work: Callable[[str | int], Change]
) -> Answer | Outcome:
    """Change every ticket named, each in its own transaction, and answer with all of them.

    With several, a refusal is printed at once and the others go on; the exit code is then 3,
    or the refusal's own when nothing at all was done. A lost database stops the rest.
    """
    refs, is_one = references(given)
    if is_one:
        row = change_row(call, work(refs[0]))
        _note_dry_run(call)
        return Answer(rows=[row], columns=CHANGE_COLUMNS, is_one=True)
    rows: list[Row] = []
    failures: list[SavError] = []
    for ref in refs:
        try:
            rows.append(change_row(call, work(ref)))
        except SavError as failure:
            failures.append(failure)
            write_failure(failure, as_json=call.is_json, is_verbose=call.verbose, color=call.color)
            if isinstance(failure, Unavailable):
                break
    _note_dry_run(call)
    return _finish(rows, failures, total=len(refs))


def _finish(rows: list[Row], failures: list[SavError], *, total: int) -> Outcome:
    answer = Answer(rows=rows, columns=CHANGE_COLUMNS)
    if not failures:
        return Outcome(answer=answer)
    codes = {failure.exit_code for failure in failures}
    if isinstance(failures[-1], Unavailable) or (not rows and len(codes) == 1):
        return Outcome(answer=answer, exit=int(failures[-1].exit_code))
    partly = PartlyDone(f"{len(rows)} of {plural(total, 'ticket')} done, {len(failures)} refused")
    return Outcome(answer=answer, failures=(partly,))


def _note_dry_run(call: CommandContext) -> None:
    if call.dry_run:
        call.note("dry run: nothing was stored")


def _from_stdin() -> Iterator[str | int]:
    """Ids, JSON lines, or one JSON array of ids or rows: what `-o ids, jsonl, json` print."""
    lines = enumerate(sys.stdin.buffer, start=1)
    for number, raw in lines:
        given = _decoded(raw, number)
        if given.startswith("["):
            rest = [_decoded(each, at) for at, each in lines]
            yield from _from_array("\n".join((given, *rest)), number)
            return
        if given:
            yield _named_in_json(given, number) if given[0] == "{" else reference(given)


def _decoded(raw: bytes, number: int) -> str:
    try:
        return raw.decode().strip()
    except UnicodeDecodeError:
        raise InvalidInput(f"stdin line {number} is not UTF-8 text") from None


def _from_array(text: str, number: int) -> Iterator[str | int]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise InvalidInput(f"stdin line {number} begins no valid JSON array: {problem}") from None
    for at, item in enumerate(items, start=1):
        if isinstance(item, str | int) and not isinstance(item, bool):
            yield reference(str(item))
        else:
            yield _named(item, f"item {at} of the array on stdin")


def _named_in_json(line: str, number: int) -> str | int:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as problem:
        raise InvalidInput(f"stdin line {number} is not JSON: {problem}") from None
    return _named(row, f"stdin line {number}")


def _named(row: object, place: str) -> str | int:
    names = row if isinstance(row, dict) else {}
    found = names.get("ticket_number") or names.get("id")
    if not isinstance(found, str | int) or isinstance(found, bool):
        raise InvalidInput(f"{place} has neither ticket_number nor id")
    kind = "number" if names.get("ticket_number") else "id"  # the keys distinguish them
    return reference(f"{kind}:{found}")
