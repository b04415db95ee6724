"""`savctl backup restore ID --ticket TKT`: the difference row by row, then the ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.text import safe
from savctl.domain.text import plural
from savctl.errors import PartlyDone

if TYPE_CHECKING:
    from savctl.cli.framework.context import CommandContext
    from savctl.domain.backup.replay_span import Until
    from savctl.domain.backup.ticket_difference import RowDifference
    from savctl.usecases.backup.one_ticket import TicketOfBackup
    from savctl.usecases.backup.recovering_ticket import TicketRecovery
    from savctl.usecases.backup.ticket_files import FetchFile, FilesBack

_WIDTH = 60  # of a value on a page; JSON has all of it
_FILES = ("there", "shown", "fetched", "other", "missing")


def restore_one_ticket(
    call: CommandContext, backup_id: str, ticket: str, until: Until | None
) -> Outcome:
    """Bring one ticket back, and answer what was different; exit code 3 when a file is missing."""
    from savctl.cli.framework.stderr.progress import watching
    from savctl.domain.model.references import reference

    call.name_target()
    from savctl.cli.backup._rows import bytes_shown

    with watching(call, closes=False) as progress:
        done, files = recovery_of(call).run(
            call.operation(),
            backup_id,
            reference(ticket),
            until=until,
            progress=bytes_shown(progress),
        )
    _note(call, done, files)
    row = _row(call, backup_id, done, files)
    answer = Answer(
        rows=[row],
        is_one=True,
        as_record=True,
        key="ticket_number",
        text=_page(done, files) if call.wants_page else None,
    )
    return Outcome(answer=answer, failures=_failures(done, files))


def recovery_of(call: CommandContext) -> TicketRecovery:
    """What a ticket is recovered with."""
    from savctl.cli.backup._rows import work_of
    from savctl.usecases.backup.recovering_ticket import TicketRecovery

    return TicketRecovery(
        work=work_of(call, needs_database=True),
        logs=call.app.log_work,
        store=lambda: call.app.store,
        fetch=_fetch(call),
        keys=call.settings.erasure_key,
    )


def _fetch(call: CommandContext) -> FetchFile | None:
    """What copies an object back from the mirror; None without one."""
    from savctl.usecases.mirror.restoring import KeyFate, restore_from_mirror

    mirror, store = call.app.mirror, call.app.store
    if mirror is None:
        return None

    def fetch(key: str) -> bool:
        [done] = restore_from_mirror(mirror, store, [key])
        return done.fate is not KeyFate.MISSING and done.fate is not KeyFate.SPOILED

    return fetch


def _row(
    call: CommandContext, backup_id: str, done: TicketOfBackup, files: FilesBack
) -> dict[str, object]:
    return {
        "id": done.id,
        "ticket_number": done.ticket_number,
        "backup": backup_id,
        "was_missing": done.was_missing,
        "status": done.status,
        "previous_status": done.previous_status,
        "changed": done.is_changed,
        "dry_run": call.dry_run,
        "differences": [_difference(found) for found in done.differences],
        "file_keys": {name: list(getattr(files, name)) for name in _FILES},
    }


def _difference(found: RowDifference) -> dict[str, object]:
    columns = [
        {"column": name, "now": now, "backup": then} for name, (now, then) in found.columns.items()
    ]
    return {
        "table": found.table,
        "id": found.id,
        "change": str(found.change),
        "columns": columns,
    }


def _page(done: TicketOfBackup, files: FilesBack) -> str:
    lines = [f"{done.ticket_number}: {plural(len(done.differences), 'row')} different"]
    for found in done.differences:
        lines.append(f"  {found.table} {found.id}: {found.change}")
        lines += [
            f"    {name}: {_short(now)} -> {_short(then)}"
            for name, (now, then) in found.columns.items()
        ]
    lines += [f"  file {safe(key)}: {name}" for name in _FILES[1:] for key in getattr(files, name)]
    return "\n".join(lines)


def _short(value: object) -> str:
    text = "null" if value is None else safe(str(value))
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _note(call: CommandContext, done: TicketOfBackup, files: FilesBack) -> None:
    if done.keeps_closed:
        call.note(f"{done.ticket_number} is closed now and stays closed")
    if done.previous_status is not None:
        call.note(f"status: {done.previous_status} -> {done.status}")
    if not done.is_changed:
        call.note(f"{done.ticket_number} is as the backup has it")
    if call.dry_run:
        call.note("dry run: nothing was stored")


def _failures(done: TicketOfBackup, files: FilesBack) -> tuple[PartlyDone, ...]:
    if files.is_whole:
        return ()
    lost = len(files.missing) + len(files.other)
    return (
        PartlyDone(
            f"{plural(lost, 'file')} of {done.ticket_number} are not as their records have them",
            hint="savctl attachment verify names them; a mirror of the bucket may have them.",
            ticket_number=done.ticket_number,
        ),
    )
