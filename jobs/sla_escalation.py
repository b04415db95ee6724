"""Record SLA breaches and raise what was answered late (rules 4.6)."""

from __future__ import annotations

from savctl.scheduling.job import Context, Job
from savctl.usecases.sla.escalating import escalate


def _run(context: Context) -> None:
    escalate(context.database, context.clock, terms=context.terms, policies=context.policies)


JOB = Job(
    name="sla-escalation",
    cron="* * * * *",
    summary="Record and publish SLA breaches, raise late tickets",
    run=_run,
)
