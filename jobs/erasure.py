"""Erase the persons whose requests were confirmed, and finish what was begun (rules 16.1)."""

from __future__ import annotations

from savctl.scheduling.job import Context, Job


def _run(context: Context) -> None:
    from savctl.usecases.erasure.due import erase_due
    from savctl.usecases.erasure.planning import Surroundings

    around = Surroundings(
        database=context.database,
        store=context.store(),
        cold=context.cold(),
        clock=context.clock,
        keys=context.settings.erasure_key,
        keep=context.settings.backup_keep,
        mirror=context.mirror(),
    )
    erase_due(around, context.terms, automatically=context.settings.erase_automatically)


JOB = Job(
    name="erasure",
    cron="30 1 * * *",
    summary="Erase persons whose requests were confirmed",
    run=_run,
)
