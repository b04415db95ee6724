"""`savctl gdpr find`."""

from __future__ import annotations

from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer
from savctl.cli.gdpr import group
from savctl.cli.user import Person, user_id


@command(group, "find", examples=["savctl gdpr find 456", "savctl gdpr find ada@example.org"])
def find(call: CommandContext, named: Person) -> Answer:
    """Count what is stored of a person, place by place."""
    from savctl.usecases.privacy.places import find_person

    rows = find_person(call.database, user_id(call, named))
    return Answer(rows=rows, columns=("place", "rows", "bytes", "what"), key="place")
