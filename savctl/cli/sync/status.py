"""`savctl sync status`."""

from __future__ import annotations

from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer
from savctl.cli.sync import group
from savctl.cli.sync._broker import bindings

_COLUMNS = ("queue", "exists", "messages", "consumers", "oldest_age", "last_received_at", "dead")


@command(group, "status", examples=["savctl sync status", "savctl sync status -o json"])
def status(call: CommandContext) -> Answer:
    """Show what waits in each queue, who takes it, and how old it is.

    The broker does not report whether a queue is bound to its exchange; 'savctl sync setup'
    binds it again.
    """
    from savctl.cli.framework.text import span_words
    from savctl.usecases.sync.status import queue_reports

    broker = call.app.queues
    if broker is None:
        call.warn("no broker is configured: nothing arrives from other services")
    names = [one.queue for one in bindings(call)]
    days = "days" if call.is_for_people else "d"
    rows = [
        {
            "queue": one.queue,
            "exists": one.exists,
            "messages": one.messages,
            "consumers": one.consumers,
            "oldest_at": one.oldest_at,
            "oldest_age_seconds": one.oldest_age,
            "oldest_age": span_words(one.oldest_age, days=days) if one.oldest_age else None,
            "last_received_at": one.last_received_at,
            "dead": one.dead,
            "broker": broker.name if broker is not None else None,
        }
        for one in queue_reports(call.database, broker, call.clock, names)
    ]
    return Answer(rows=rows, columns=_COLUMNS, key="queue", noun="queues")
