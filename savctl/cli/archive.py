"""`savctl archive run, list, show, verify, restore`."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.encrypted import warn_of_unreadable
from savctl.cli.framework.listing import up_to
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.params import Limit, whole
from savctl.cli.framework.ticket_refs import OneTicket, Reason
from savctl.domain.model.references import reference
from savctl.domain.text import plural
from savctl.errors import Findings, NeedsConfirmation

if TYPE_CHECKING:
    from savctl.domain.model.metadata import Metadata
    from savctl.persistence.archive.index import Archived
    from savctl.usecases.archive.restore import RestorableTicket
    from savctl.usecases.archive.verify import Checked

group = new_group("Move old tickets to cold storage and back.")

_COLUMNS = (
    "ticket_number",
    "user_id",
    "order_id",
    "closed_at",
    "archived_at",
    "messages",
    "attachments",
)
_FIELDS = ("id", *_COLUMNS, "bundle_id")
_VERIFY_COLUMNS = ("bundle", "tickets", "size_bytes", "problem")


@command(
    group,
    "run",
    writes=True,
    asks=True,
    examples=["savctl archive run --dry-run", "savctl archive run --yes -o json"],
)
def run(call: CommandContext) -> Answer | Outcome | None:
    """Run the job archive now.

    Tickets closed for more than a year are moved to cold storage.

    --yes lifts the brake that stops a run which would move very many tickets at once.
    """
    from savctl.cli.job.running import by_name

    return by_name(call, "archive")


@command(
    group,
    "list",
    examples=["savctl archive list --user 456", "savctl archive list --since 2020-01-01 -o json"],
)
def list_(
    call: CommandContext,
    user: Annotated[
        int | None,
        typer.Option("--user", metavar="ID", parser=whole("--user"), help="Customer."),
    ] = None,
    order: Annotated[
        int | None,
        typer.Option("--order", metavar="ID", parser=whole("--order"), help="Order."),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Closed at or after.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Closed before.")
    ] = None,
    limit: Limit = 50,
    after: Annotated[
        str | None,
        typer.Option("--after", metavar="TKT", help="Continue after this ticket (next page)."),
    ] = None,
) -> Answer:
    """List archived tickets by id, fifty at a time."""
    from savctl.persistence.archive import index

    wanted = index.ArchiveFilter(
        user_id=user,
        order_id=order,
        since=call.moment("since", since),
        until=call.moment("until", until),
    )
    after_id = 0
    if after is not None:
        with call.database.reading() as connection:
            after_id = index.get(connection, reference(after)).ticket_id
    found = index.listing(
        call.database, wanted, after_id=after_id, limit=limit + 1 if limit else 0
    )
    return Answer(
        rows=map(_row, up_to(call, found, limit, after=attrgetter("ticket_number"))),
        columns=_COLUMNS,
        fields=_FIELDS,
        noun="archived tickets",
    )


@command(
    group,
    "show",
    examples=["savctl archive show TKT-9XQ4C7PA", "savctl archive show TKT-9XQ4C7PA -o json"],
)
def show(call: CommandContext, ticket: OneTicket) -> Answer:
    """Show one archived ticket, read from its bundle.

    Its messages and attachments are included.
    """
    from savctl.domain.model.metadata import Metadata
    from savctl.usecases.archive.restore import read_archived

    found = read_archived(call.database, call.app.cold, reference(ticket))
    opened = call.app.codec.decrypted(
        int(found.whole.ticket["id"]), Metadata.read(found.whole.ticket["metadata"])
    )
    warn_of_unreadable(call, str(found.whole.ticket["ticket_number"]), opened)
    row, text = _whole(found, opened.metadata), None
    if call.wants_page:
        from savctl.cli.views.archived import archived_page

        text = archived_page(row, opened.metadata, now=call.clock())
    return Answer(rows=[row], is_one=True, as_record=True, text=text)


@command(group, "verify", examples=["savctl archive verify", "savctl archive verify -o json"])
def verify(call: CommandContext) -> Answer | Outcome:
    """Read every bundle and compare it with its record.

    Exit code 10 when one differs.
    """
    from savctl.scheduling.stop import stopping_on_signals
    from savctl.usecases.archive.verify import verify_archive

    with stopping_on_signals() as stop:
        checked = list(verify_archive(call.database, call.app.cold, should_stop=stop.is_set))
    answer = Answer(
        rows=map(_verdict, checked), columns=_VERIFY_COLUMNS, key="bundle", noun="bundles"
    )
    bad = [one for one in checked if one.problem is not None]
    if not bad and stop.signal is None:
        call.note(f"{len(checked)} bundles checked, all intact")
        return answer
    if bad:
        damaged = Findings(
            f"{len(bad)} of {len(checked)} bundles are damaged",
            hint="Restore an older version of the object, then run 'savctl archive verify' again.",
        )
        return Outcome(answer=answer, failures=(damaged,))
    note = f"interrupted after {plural(len(checked), 'bundle')}"
    return Outcome(answer=answer, notes=(note,), exit=128 + int(stop.signal or 0))


@command(
    group,
    "restore",
    writes=True,
    examples=[
        "savctl archive restore TKT-9XQ4C7PA --dry-run",
        "savctl archive restore TKT-9XQ4C7PA --confirm TKT-9XQ4C7PA --reason 'court case' --as 5",
    ],
)
def restore(
    call: CommandContext,
    ticket: OneTicket,
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="TKT", help="Its number, to confirm.")
    ] = None,
    reason: Reason = None,
) -> Answer:
    """Restore one archived ticket.

    Rows, ids, number and times are as they were.

    Its history gets one entry more. It stays for at least 30 days before it is archived again.
    """
    from savctl.domain.text import reason as checked_reason
    from savctl.persistence.archive import index
    from savctl.usecases.archive.restore import restore_ticket

    with call.database.reading() as connection:
        number = index.get(connection, reference(ticket)).ticket_number
    _confirm(call, number, confirm)
    found = restore_ticket(
        call.operation(),
        call.app.cold,
        reference(ticket),
        reason=checked_reason(reason),
        keys=call.settings.erasure_key,
    )
    if call.dry_run:
        call.note("dry run: nothing was stored")
    row = {**_row(found.archived), "changed": True, "dry_run": call.dry_run}
    return Answer(rows=[row], columns=(*_COLUMNS, "changed"), is_one=True)


def _confirm(call: CommandContext, number: str, given: str | None) -> None:
    """Go on only when the number was given, or typed on a terminal."""
    call.name_target()
    if call.dry_run:
        return
    if given is None:
        given = call.typed(f"Type {number} to bring it back:")
    if given is None or given.lower() != number.lower():
        raise NeedsConfirmation(
            f"restoring {number} was not confirmed; nothing was done",
            hint=f"Add --confirm {number}.",
            ticket_number=number,
        )


def _row(archived: Archived) -> dict[str, object]:
    return {
        "id": archived.ticket_id,
        "ticket_number": archived.ticket_number,
        "user_id": archived.user_id,
        "order_id": archived.order_id,
        "closed_at": archived.closed_at,
        "archived_at": archived.archived_at,
        "messages": archived.messages,
        "attachments": archived.attachments,
        "bundle_id": archived.bundle_id,
    }


def _whole(found: RestorableTicket, metadata: Metadata) -> dict[str, object]:
    return {
        **found.whole.ticket,
        "metadata": dict(metadata),
        "messages": [_with_bool(message) for message in found.whole.messages],
        "attachments": found.whole.attachments,
        "archived": {"at": found.archived.archived_at, "bundle": found.bundle.key},
    }


def _with_bool(message: dict[str, object]) -> dict[str, object]:
    return {**message, "is_internal": bool(message["is_internal"])}


def _verdict(checked: Checked) -> dict[str, object]:
    bundle = checked.bundle
    return {
        "bundle": checked.key,
        "tickets": checked.tickets,
        "size_bytes": bundle.size_bytes if bundle else None,
        "sha256": bundle.sha256 if bundle else None,
        "problem": checked.problem,
    }
