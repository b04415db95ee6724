"""Publish the figures of the month before (rules 15.4)."""

from __future__ import annotations

from savctl.scheduling.job import Context, Job


def _run(context: Context) -> None:
    from savctl.usecases.analytics.publishing import Publishing, publish_analytics
    from savctl.usecases.analytics.reading import Source

    settings = context.settings
    source = Source(
        database=context.database,
        cold=context.cold,
        policies=context.policies,
        now=context.clock(),
    )
    how = Publishing(
        place=context.analytics(),
        form=settings.analytics_format,
        smallest=settings.analytics_smallest,
        months=settings.analytics_months,
    )
    publish_analytics(source, how, context.terms)


JOB = Job(
    name="analytics-export",
    cron="0 2 3 * *",
    summary="Publish the figures of the month before",
    run=_run,
)
