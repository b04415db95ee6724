"""`savctl backup create, prune`."""

from __future__ import annotations

from savctl.cli.backup import group
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer
from savctl.cli.framework.stderr.progress import watching
from savctl.domain.text import plural


@command(
    group,
    "create",
    writes=True,
    examples=["savctl backup create --dry-run", "savctl backup create -o json"],
)
def create(call: CommandContext) -> Answer:
    """Make a backup of the database in backup_url.

    It is one moment of the database; nobody is kept from working meanwhile.

    MariaDB and MySQL are dumped by the server's own client, SQLite by its backup interface. A
    backup has its name only when it is complete. It is unproven until it was restored once.
    """
    from savctl.cli.backup._rows import bytes_shown, listed, work_of
    from savctl.usecases.backup.creating import create_backup

    call.name_target()
    work = work_of(call, needs_database=True)
    with watching(call, closes=False) as progress:
        made = create_backup(work, dry_run=call.dry_run, progress=bytes_shown(progress))
    if made is None:
        call.note(f"dry run: nothing was written to {work.place().describe()}")
        row: dict[str, object] = {"database": work.database.name, "dry_run": True}
        return Answer(rows=[row], is_one=True, as_record=True, key="database")
    call.note(f"written to {work.place().describe()}; prove it: savctl backup verify {made.id}")
    return Answer(rows=[listed(made)], is_one=True, as_record=True, key="id")


@command(
    group,
    "prune",
    writes=True,
    examples=["savctl backup prune --dry-run", "savctl backup prune --yes -o json"],
)
def prune(call: CommandContext) -> Answer:
    """Remove the backups that backup_keep does not keep.

    The newest backup and the newest proven one always stay.
    """
    from savctl.cli.backup._rows import COLUMNS, listed, work_of
    from savctl.usecases.backup.pruning import prune_backups

    work = work_of(call, needs_database=True)
    planned = prune_backups(work, dry_run=True)
    if planned.removed:
        call.confirm(
            f"Remove {plural(len(planned.removed), 'backup')} of {work.place().describe()}?"
        )
    done = planned if call.dry_run else prune_backups(work)
    call.note(
        f"{'dry run: ' if call.dry_run else ''}{plural(len(done.removed), 'backup')} removed, "
        f"{done.kept} kept by {work.keep}"
    )
    rows = [{**listed(one), "dry_run": call.dry_run} for one in done.removed]
    return Answer(rows=rows, columns=COLUMNS, key="id", noun="backups to remove")
