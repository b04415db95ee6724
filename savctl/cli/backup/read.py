"""`savctl backup list, show, verify`."""

from __future__ import annotations

from typing import Annotated

import typer

from savctl.cli.backup import group
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome
from savctl.cli.framework.stderr.progress import watching
from savctl.errors import Findings

BackupId = Annotated[str, typer.Argument(metavar="ID", help="As savctl backup list shows it.")]


@command(group, "list", examples=["savctl backup list", "savctl backup list -o json"])
def list_(call: CommandContext) -> Answer:
    """List the backups, newest first.

    One that was never restored is unproven.
    """
    from savctl.cli.backup._rows import COLUMNS, listed, work_of
    from savctl.usecases.backup import catalog

    rows = [listed(one) for one in catalog.listing(work_of(call))]
    return Answer(rows=rows, columns=COLUMNS, key="id", noun="backups")


@command(group, "show", examples=["savctl backup show 20251003_003000_5f1e9a -o json"])
def show(call: CommandContext, backup: BackupId) -> Answer:
    """Show the manifest of one backup.

    It has the server, the position, rows and checksum of every table, digests of its files.
    """
    from savctl.cli.backup._rows import work_of
    from savctl.usecases.backup import catalog

    found = catalog.find(work_of(call).place(), backup)
    return Answer(rows=[found.as_json()], is_one=True, as_record=True, key="id")


@command(
    group,
    "verify",
    writes=True,
    examples=[
        "savctl backup verify 20251003_003000_5f1e9a",
        "savctl backup verify 20251003_003000_5f1e9a --restore-test -o json",
    ],
)
def verify(
    call: CommandContext,
    backup: BackupId,
    restore_test: Annotated[
        bool,
        typer.Option("--restore-test", help="Restore it beside the database, and compare."),
    ] = False,
) -> Outcome:
    """Read a backup to its end and compare it with its manifest.

    Exit code 10 when it is spoiled. --restore-test restores it as well.

    The restore test loads it into a schema of its own, compares rows and checksums of every
    table, runs 'db check' there and drops the schema. Only that makes a backup "ok".
    """
    from savctl.cli.backup._rows import bytes_shown, work_of
    from savctl.usecases.backup.proving import verify_backup

    work = work_of(call, needs_database=restore_test)
    with watching(call, closes=False) as progress:
        verdict = verify_backup(
            work,
            backup,
            restore_test=restore_test,
            dry_run=call.dry_run,
            progress=bytes_shown(progress),
        )
    row: dict[str, object] = {
        "id": verdict.manifest.id,
        "state": verdict.manifest.state,
        "verified_at": verdict.manifest.as_json()["verified_at"],
        "restored": verdict.is_restored,
        "problems": verdict.problems,
        "broken_invariants": list(verdict.broken),
    }
    answer = Answer(rows=[row], is_one=True, as_record=True, key="id")
    failures: list[Findings] = []
    if verdict.problems:
        failures.append(
            Findings(
                f"the backup {backup} is spoiled: {'; '.join(verdict.problems)}",
                hint="Make a new one now: savctl backup create.",
            )
        )
    elif verdict.broken:
        broken = ", ".join(verdict.broken)
        failures.append(Findings(f"the backup {backup} is as it was made; in it: {broken}"))
    return Outcome(answer=answer, failures=tuple(failures))
