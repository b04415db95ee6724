"""`savctl backup restore ID --into NAME` and `--in-place`: the whole backup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from savctl.cli.framework.output import Answer, Outcome
from savctl.errors import Findings, InvalidInput, PartlyDone, SavError

if TYPE_CHECKING:
    from savctl.cli.framework.context import CommandContext
    from savctl.domain.backup.replay_span import Until
    from savctl.usecases.backup.restore.after import RestoreSteps
    from savctl.usecases.backup.work import BackupWork


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeOptions:
    """What the command line said."""

    into: str | None
    in_place: bool
    confirm: str | None
    resend: bool
    discard: bool
    until: Until | None


def restore_whole(call: CommandContext, backup_id: str, options: WholeOptions) -> Outcome:
    """Restore a backup into a new database, or in place of the live one."""
    from savctl.cli.backup._rows import bytes_shown, work_of
    from savctl.cli.framework.stderr.progress import watching
    from savctl.usecases.backup.restore.restoring import RestoreWish, restore_backup

    if (options.into is None) != options.in_place:
        raise InvalidInput(
            "name one of --ticket TKT, --into NAME and --in-place",
            hint="--into restores beside the database.",
        )
    if options.discard and not options.in_place:
        raise InvalidInput("--discard belongs to --in-place: nothing else is replaced")
    call.name_target()
    work = work_of(call)
    wish = RestoreWish(
        into=options.into,
        confirmed=_confirmed(call, work, backup_id, options),
        resends=options.resend,
        discards=options.discard,
        dry_run=call.dry_run,
        by=call.by,
        until=options.until,
        logs=None if options.until is None else call.app.log_work,
    )
    with watching(call, closes=False) as progress:
        done = restore_backup(work, backup_id, wish, progress=bytes_shown(progress))
    if call.dry_run:
        call.note("dry run: the backup was read to its end, nothing was changed")
    row: dict[str, object] = {
        "id": done.manifest.id,
        "database": done.database,
        "before": done.before,
        "steps": [*done.steps.done, *(f"FAILED {one}" for one in done.steps.failed)],
        "dry_run": call.dry_run,
    }
    if done.before is not None:
        call.note(f"the replaced content is the backup {done.before}")
    answer = Answer(rows=[row], is_one=True, as_record=True, key="database")
    return Outcome(answer=answer, failures=tuple(_failures(done.steps)))


def _confirmed(
    call: CommandContext, work: BackupWork, backup_id: str, options: WholeOptions
) -> str | None:
    """The name that was given, or typed on a terminal."""
    if not options.in_place or options.confirm is not None:
        return options.confirm
    from savctl.usecases.database.schema import confirmation_word

    return call.typed(
        f"Everything in {work.database.name} is replaced by the backup {backup_id}.",
        f"Type {confirmation_word(work.database)} to continue:",
    )


def _failures(steps: RestoreSteps) -> list[SavError]:
    failures: list[SavError] = []
    if steps.broken:
        failures.append(Findings(f"db check found broken: {', '.join(steps.broken)}"))
    if steps.failed:
        failures.append(
            PartlyDone(
                f"restored, but: {'; '.join(steps.failed)}",
                hint="Look at each before you start the schedulers.",
            )
        )
    return failures
