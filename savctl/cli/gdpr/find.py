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

    found = user_id(call, named)
    rows = find_person(call.database, found)
    text = None
    if call.wants_page:
        from savctl.cli.views.people import people, places_page

        text = places_page(found, rows, people(call.database, [found]))
    return Answer(rows=rows, columns=("place", "rows", "bytes", "what"), key="place", text=text)
