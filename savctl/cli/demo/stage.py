"""Where a demo plays: a database of its own, or, when asked twice, the configured one."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from savctl.cli.framework.context import CommandContext
from savctl.domain.access.policy import AccessRefused
from savctl.errors import Interrupted, InvalidInput, Refused
from savctl.ports import SetClock

if TYPE_CHECKING:
    from savctl.bootstrap import App


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """An application with a clock that can be moved; `variable` leads commands to its database."""

    app: App
    clock: SetClock
    place: str
    variable: str | None


@contextmanager
def stage(
    call: CommandContext, *, home: Path | None, configured: bool, story: str
) -> Iterator[Stage]:
    """An empty database to play in; one of its own takes its place when the block ends well.

    Raises:
        Refused: the home holds another database, or the configured one holds tickets.
        NeedsConfirmation: the configured one was asked for without a word.
    """
    if configured:
        if call.settings.token is not None or call.settings.require_token:
            raise AccessRefused(
                "a demo is put into the configured database without a token only",
                hint="Leave out --into-configured-database, or unset SAVCTL_TOKEN.",
            )
        if home is not None:
            raise InvalidInput("--home and --into-configured-database exclude each other")
        yield _configured(call)
        return
    from savctl.bootstrap import App
    from savctl.demo.home import FILE, fresh_file
    from savctl.persistence.schema import demo_marker

    folder = (home or call.settings.home / "demo").expanduser().absolute()
    _confirm_replacing(call, folder)
    clock = SetClock(datetime(2000, 1, 1, tzinfo=UTC))
    with fresh_file(folder) as path:
        own = call.settings.kept_to(folder)  # no broker either: a demo never sends anything
        settings = replace(own, home=folder, database_url=f"sqlite:///{path}")
        app = App(settings, clock)
        app.database.transaction(lambda connection: demo_marker.mark(connection, story))
        try:
            yield Stage(
                app=app,
                clock=clock,
                place=str(folder / FILE),
                variable=_variable(call, folder, folder / FILE),
            )
        except KeyboardInterrupt:
            raise Interrupted(f"interrupted; {folder} is as it was before") from None
        demo_marker.settle(app.database)


def _confirm_replacing(call: CommandContext, folder: Path) -> None:
    """Ask before a demo is thrown away in which somebody worked."""
    from savctl.demo.home import work_in

    work = work_in(folder)
    if work:
        changes = "1 change" if work == 1 else f"{work:,} changes"
        call.confirm(
            f"Replace the demo in {folder}, in which {changes} were made since?",
            hint="Add --yes, or --home DIR for another folder.",
        )


def program() -> str:
    """How the reader calls savctl: by its name, or by the path it was called with."""
    return "savctl" if shutil.which("savctl") else sys.argv[0]


def _configured(call: CommandContext) -> Stage:
    from savctl.bootstrap import App
    from savctl.persistence.tickets.tickets import Tickets

    name = call.app.raw_database.name
    with call.database.reading() as connection:
        is_empty = Tickets(connection).is_empty()
    if not is_empty:
        raise Refused(
            f"the database {name} holds tickets: no demo is played into it",
            hint="savctl demo alone plays in a database of its own.",
        )
    call.confirm(f"Play a made-up shop into the database {name}?")
    clock = SetClock(datetime(2000, 1, 1, tzinfo=UTC))
    app = App(call.settings.kept_to(call.settings.home / "demo"), clock)
    return Stage(app=app, clock=clock, place=name, variable=None)


def _variable(call: CommandContext, folder: Path, file: Path) -> str:
    """The shortest setting that leads to the demo's database, whatever else is configured."""
    if call.settings.origins.get("database_url") == "default":
        return f"SAVCTL_HOME={folder}"
    return f"SAVCTL_DATABASE_URL=sqlite:///{file}"
