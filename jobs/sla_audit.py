"""Compare every SLA clock with what is written down (rules 4.7)."""

from __future__ import annotations

from savctl.scheduling.job import Context, Job
from savctl.usecases.sla.auditing import audit


def _run(context: Context) -> None:
    brake = None if context.is_confirmed else context.settings.sla_audit_brake
    audit(
        context.database,
        context.clock,
        terms=context.terms,
        policies=context.policies,
        brake=brake,
    )


JOB = Job(
    name="sla-audit",
    cron="30 4 * * sun",
    summary="Compute every SLA clock again, record what was missed",
    run=_run,
)
