"""`savctl db upgrade, downgrade, status, adopt, ping, committed`.

The others are in `check` and `care`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.db import group
from savctl.cli.framework.command import command
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Outcome, Row
from savctl.errors import Findings

if TYPE_CHECKING:  # it brings SQLAlchemy along, which help does without
    from savctl.persistence.schema.inspection import Difference
    from savctl.usecases.database.schema import DowngradePlan, Migration

_RECORD = ("database", "before", "after", "changed", "dry_run")


@command(group, "upgrade", writes=True, examples=["savctl db upgrade", "savctl db upgrade -n"])
def upgrade(call: CommandContext) -> Answer:
    """Create or migrate the schema.

    Safe to start on several hosts: one waits for the other.
    """
    from savctl.usecases.database import schema

    _note_database(call)
    done = schema.upgrade(
        call.app.raw_database, owner=call.app.owner, dry_run=call.dry_run, notify=call.note
    )
    return _migrated(call, done)


@command(
    group,
    "downgrade",
    writes=True,
    asks=True,
    examples=["savctl db downgrade 0001 --dry-run", "savctl db downgrade base --dry-run"],
)
def downgrade(
    call: CommandContext,
    revision: Annotated[str, typer.Argument(metavar="REVISION", help="0001, …, or base.")],
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="DATABASE", help="Its name, to confirm.")
    ] = None,
) -> Answer:
    """Return to an older schema.

    What the newer one added is dropped with every row.

    The tables that go are named with their rows before anything is done. Off a terminal --confirm
    is needed; --yes is not enough.

    In an adopted database only savctl's own tables are dropped. An embedded database is brought
    up to date again by the next command.
    """
    from savctl.usecases.database import schema

    _note_database(call)
    database = call.app.raw_database
    plan = schema.plan_downgrade(database, revision)
    if call.dry_run:
        for line in plan.lines():
            call.note(line)
    done = schema.downgrade(
        database,
        revision,
        owner=call.app.owner,
        confirmed=confirm or _typed(call, plan, schema.confirmation_word(database)),
        dry_run=call.dry_run,
        notify=call.note,
    )
    return _migrated(call, done)


@command(
    group,
    "status",
    timeless=True,
    examples=["savctl db status", "savctl db status --verify -o json"],
)
def status(
    call: CommandContext,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare every column with the expected schema.")
    ] = False,
) -> Answer | Outcome:
    """Show which schema the database has.

    It names whose the service's tables are and what an upgrade would do.
    """
    from savctl.usecases.database import status as schema_status

    found = schema_status.status(call.app.raw_database)
    row: dict[str, object] = {
        "database": found.database,
        "state": found.state,
        "current": found.current,
        "head": found.head,
        "tables": found.tables,
        "search": found.search,
        "pending": list(found.pending),
    }
    if not verify:
        return Answer(rows=[row], is_one=True, as_record=True, key="state")
    differences = schema_status.verify(call.app.raw_database)
    answer = _with_differences(row, differences)
    errors = schema_status.errors_among(differences)
    if errors:
        failure = Findings(f"differences that are errors: {len(errors)}")
        return Outcome(answer=answer, failures=(failure,))
    return Outcome(answer=answer)


@command(group, "adopt", writes=True, examples=["savctl db adopt --dry-run", "savctl db adopt"])
def adopt(call: CommandContext) -> Outcome:
    """Take over a database that the service's migrations made.

    Every table of the service is compared column by column. With an error nothing is done
    (exit 5; a dry run exits 10). Otherwise savctl's own tables are added; no other is touched.
    """
    from savctl.usecases.database import schema

    _note_database(call)
    try:
        adoption = schema.adopt(
            call.app.raw_database, owner=call.app.owner, dry_run=call.dry_run, notify=call.note
        )
    except schema.SchemaDiffers as refusal:
        row = {"database": call.app.raw_database.name, "changed": False, "dry_run": False}
        answer = _with_differences(row, refusal.differences)
        return Outcome(answer=answer, failures=(refusal,))
    done = adoption.migration
    row = {name: getattr(done, name) for name in _RECORD}
    answer = _with_differences(
        {**row, "search_statements": list(adoption.search_statements)}, adoption.differences
    )
    if call.dry_run:
        call.note("dry run: nothing was changed")
    if adoption.search_statements:
        call.note("ticket search has no index on these tables; to make one, run:")
    for statement in adoption.search_statements:
        call.note(f"{statement};")
    if adoption.errors:
        failure = Findings(f"differences that prevent the adoption: {len(adoption.errors)}")
        return Outcome(answer=answer, failures=(failure,))
    return Outcome(answer=answer)


@command(group, "ping", timeless=True, examples=["savctl db ping", "savctl db ping -o json"])
def ping(call: CommandContext) -> Answer:
    """Check whether the database answers, and how fast.

    It names the server and its version.
    """
    from savctl.usecases.database import status as schema_status

    pong = schema_status.ping(call.app.raw_database)
    row: Row = {
        "database": pong.database,
        "server": pong.server,
        "version": pong.version,
        "time_zone": pong.time_zone,
        "round_trip_ms": pong.round_trip_ms,
    }
    return Answer(rows=[row], is_one=True, as_record=True, key="database")


@command(
    group,
    "committed",
    writes=True,
    examples=["savctl db committed 508a0f3c7be94d21a6580c9be1f4d277"],
)
def committed(
    call: CommandContext,
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="From the failed command.")],
) -> Answer:
    """Check whether a change was stored.

    0: it was; 4: it was not. For a command whose answer was lost.

    A command that ends with "may have been stored" names its token. After the answer 4 that
    change can not be stored any more: its command may be run again.
    """
    from savctl.usecases.database.committed import require_committed

    known = require_committed(call.database, call.app.clock, token, dry_run=call.dry_run)
    row: Row = {"commit_token": known, "stored": True}
    return Answer(rows=[row], is_one=True, as_record=True, key="commit_token")


def _note_database(call: CommandContext) -> None:
    call.name_target()
    call.app.compare_clocks()


def _typed(call: CommandContext, plan: DowngradePlan, word: str) -> str | None:
    """What a person on a terminal types after reading what goes."""
    return call.typed(*plan.lines(), f"Type {word} to continue:")


def _migrated(call: CommandContext, done: Migration) -> Answer:
    row: dict[str, object] = {name: getattr(done, name) for name in _RECORD}
    if not done.dry_run:
        return Answer(rows=[row], is_one=True, as_record=True, key="after")
    call.note("dry run: nothing was changed")
    text = "".join(f"{statement};\n" for statement in done.statements)
    return Answer(
        rows=[{**row, "statements": list(done.statements)}],
        is_one=True,
        key="after",
        text=text or "nothing to do\n",
    )


def _with_differences(row: Row, differences: Sequence[Difference]) -> Answer:
    """One object in JSON; in a table the differences, a line each, with the SQL against them."""
    lines = [f"{name:<10} {_word(value)}".rstrip() for name, value in row.items()]
    for difference in differences:
        lines += [
            "",
            f"{difference.level:<10} {difference.as_line()}",
            f"           {difference.why}",
        ]
        if difference.repair is not None:
            lines.append(f"           {difference.repair};")
    rows = [difference.as_row() for difference in differences]
    return Answer(
        rows=[{**row, "differences": rows}], is_one=True, key="database", text="\n".join(lines)
    )


def _word(value: object) -> str:
    words = {None: "", True: "yes", False: "no"}
    return words[value] if isinstance(value, bool | None) else str(value)
