"""Refused commands are counted by kind; that keeps nobody from being refused (rules 18.2)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from savctl.errors import NotPermitted, SavError

if TYPE_CHECKING:
    from savctl.cli.framework.context import CommandContext
    from savctl.persistence.metrics.refusals import RefusalKind

_SECONDS = 2  # who is refused does not wait for a database that hangs


@contextmanager
def counting_bad_tokens(call: CommandContext) -> Iterator[None]:
    """Count what is refused in the block for its token."""
    from savctl.persistence.metrics.refusals import RefusalKind

    try:
        yield
    except NotPermitted:
        count(call, RefusalKind.TOKEN)
        raise


def count(call: CommandContext, kind: RefusalKind) -> None:
    """Count one refusal, where there is a database with a table for it."""
    from savctl.persistence.connections.waits import Waits
    from savctl.persistence.schema.server_info import is_there
    from savctl.persistence.schema.versions import is_current
    from savctl.usecases.access.audit_notes import record_refused_kind

    raw = call.unproved_app.raw_database
    waits = Waits(
        lock_wait_seconds=_SECONDS,
        table_wait_seconds=_SECONDS,
        statement_seconds=_SECONDS,
        connect_seconds=_SECONDS,
    )
    with suppress(SavError):
        if not is_there(raw):
            return
        with closing(raw.waiting(waits)) as quick:
            if is_current(quick):
                record_refused_kind(quick, kind)
