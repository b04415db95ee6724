"""What every command is given: its common options, and the application they choose."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from savctl.cli.framework.effects import Effect
from savctl.cli.framework.output import Format, Look
from savctl.cli.framework.page import Paint
from savctl.cli.framework.stderr.messages import StderrMessages
from savctl.cli.framework.stderr.questions import answer_to, has_person
from savctl.cli.framework.stderr.streams import use_log_lines
from savctl.cli.framework.tables.colours import painted
from savctl.cli.framework.terminal import wants_colour
from savctl.cli.framework.text import safe
from savctl.config import Settings, from_environment
from savctl.config.unused import unused_variables
from savctl.domain import times
from savctl.domain.access.file_access import Requester, Role
from savctl.domain.access.policy import AccessRefused, Need, need_of
from savctl.domain.clock_skew import ClockOff
from savctl.errors import (
    ConfigurationError,
    InvalidInput,
    NeedsConfirmation,
)
from savctl.ports.clock import Clock, SetClock, system_clock

if TYPE_CHECKING:
    from savctl.bootstrap import App
    from savctl.domain.sla.policy import Policies
    from savctl.persistence.engine import Database
    from savctl.usecases.operation import Operation


@dataclass(kw_only=True)
class CommandContext(StderrMessages):
    """One invocation; the application is made when it is first asked for."""

    columns: tuple[str, ...] = ()
    no_headers: bool = False
    config: Path | None = None
    verbose: bool = False
    log_format: str | None = None
    at: str | None = None
    dry_run: bool = False
    actor: int | None = None
    yes: bool = False
    effect: Effect = Effect.CHANGES
    words: str = ""
    is_slot: bool = False  # `job run NAME --due`: the machine's own
    _is_target_named: bool = field(default=False, init=False)
    unreadable_tickets: int = field(default=0, init=False)

    @cached_property
    def settings(self) -> Settings:
        """The settings in force; a variable that is none of them, or is not used, is named."""
        found = from_environment(file=self.config)
        if (self.log_format or found.log_format) == "json":
            use_log_lines(wanted=True)
        for named in (*found.unknown, *unused_variables(os.environ, found)):
            self.warn(str(named))
        return found

    @cached_property
    def app(self) -> App:
        """The parts this call works with.

        Raises:
            NotPermitted: SAVCTL_TOKEN is given and invalid: nothing is opened.
            RateLimited: its user has started as many commands as a minute allows.
        """
        if self.has_token:
            from savctl.cli.framework.gate.counting import count_command

            bearer = self.token_bearer
            count_command(self)
            self.unproved_app.raw_database.requester = bearer
        return self.unproved_app

    @cached_property
    def unproved_app(self) -> App:
        """The same parts, whatever the token is: for what finds out what is wrong."""
        from savctl.bootstrap import App

        if not self.settings.is_database_chosen:
            self.note(
                f"no database is configured: the embedded one in {self.settings.home} is used"
            )
        is_compared = self.effect is not Effect.READS and self.at is None
        return App(
            self.settings,
            self.clock,
            host_clock=system_clock,
            on_skew=self._clock_is_off if is_compared else None,
            on_made=self._database_is_made if self.settings.is_database_chosen else None,
        )

    def require_chosen_database(self) -> None:
        """Pass when a database was chosen: nobody watches what runs unattended.

        Raises:
            ConfigurationError: none was chosen.
        """
        if not self.settings.is_database_chosen:
            raise ConfigurationError(
                "no database is configured: what runs unattended does not guess one",
                hint="Set DB_HOST and the other DB_* or SAVCTL_DATABASE_URL. If the embedded "
                f"database in {self.settings.home} is meant: SAVCTL_HOME, home, or "
                "SAVCTL_EMBEDDED=true.",
            )

    @cached_property
    def clock(self) -> Clock:
        """The machine's clock, or the instant of `--at`."""
        if self.at is None:
            return system_clock
        return SetClock(times.clock_moment(self.at, now=system_clock()))

    def close(self) -> None:
        """Give back what the application holds, if it was made."""
        if "unproved_app" in self.__dict__:
            self.unproved_app.close()

    def start_log(self, level: int) -> None:
        """Write the log to stderr from this level on, in the form that was asked for."""
        from savctl.log import to_stderr

        if self.log_format == "json":
            use_log_lines(wanted=True)
        form = self.log_format or ("json" if self.is_json else self.settings.log_format)
        to_stderr(level, form=form)

    @property
    def database(self) -> Database:
        """The database, ready for use."""
        return self.app.database

    @cached_property
    def policies(self) -> Policies:
        """The SLA policies; a new one is written down, unless this is a dry run."""
        return self.app.policies(store=not self.dry_run)

    def operation(self, *, policies: Policies | None = None, key: str | None = None) -> Operation:
        """What a use case is done with: this database and clock, by whoever acts."""
        from savctl.usecases.operation import Operation

        return Operation(
            self.database,
            self.clock,
            actor=self.by,
            policies=policies,
            dry_run=self.dry_run,
            idempotency_key=self._own_key(key),
        )

    def _own_key(self, key: str | None) -> str | None:
        """An idempotency key in the name space of the token's user (rules 12.4)."""
        if key is None or not self.has_token:
            return key
        return f"user {self.token_bearer.user_id}: {key}"

    @property
    def by(self) -> int | None:
        """Who acts: `--as`, else SAVCTL_ACTOR; a token's user, when there is one."""
        return self.requester.user_id

    @cached_property
    def requester(self) -> Requester:
        """Who asks, and the role that a token proves.

        Raises:
            NotPermitted: the token is invalid, or proves another user than `--as`.
        """
        bearer = self.token_bearer
        if bearer.user_id is None:
            named = self.actor if self.actor is not None else self.settings.actor
            return Requester(user_id=named)
        if self.actor in {None, bearer.user_id}:
            return bearer
        if bearer.role is not Role.ADMIN:
            raise AccessRefused(
                f"the token is of user {bearer.user_id}, not of user {self.actor}",
                hint="Leave out --as.",
            )
        return Requester(user_id=self.actor, role=bearer.role)

    @property
    def has_token(self) -> bool:
        """Whether a token decides what this command may do."""
        return self.settings.token is not None and need_of(self.words) is not Need.NOTHING

    @cached_property
    def token_bearer(self) -> Requester:
        """Who asks, as a token proves; without one the operator, who may see everything.

        Raises:
            NotPermitted: the token is invalid.
            ConfigurationError: there is no key to check it with.
        """
        token = self.settings.token
        if token is None or not self.has_token:
            return Requester()
        from savctl.adapters.tokens.proving import requester_of
        from savctl.adapters.tokens.terms import terms_of

        return requester_of(token, terms_of(self.settings, warn=self.warn))

    @property
    def wants_page(self) -> bool:
        """Whether one thing is shown as a page: no format and no columns were chosen."""
        return self.output is Format.TABLE and not self.columns

    @property
    def is_for_people(self) -> bool:
        """Whether the answer is a table or a page, and no format that programs read."""
        return self.output in {Format.TABLE, Format.WIDE}

    @property
    def paint(self) -> Paint | None:
        """What colours the values of a page by their names; None without colours."""
        return painted if wants_colour(self.color, is_terminal=sys.stdout.isatty()) else None

    def moment(self, name: str, text: str | None) -> datetime | None:
        """A time option, or None."""
        if text is None:
            return None
        try:
            return times.moment(text, now=self.clock())
        except InvalidInput as problem:
            raise InvalidInput(f"--{name}: {problem.message}", hint=problem.hint) from None

    def span(
        self, since: str | None, until: str | None
    ) -> tuple[datetime | None, datetime | None]:
        """The half-open span of `--since` and `--until`, either end may be open."""
        begin, end = self.moment("since", since), self.moment("until", until)
        if begin is not None and end is not None and begin > end:
            raise InvalidInput(
                f"--since {since} must be earlier than --until {until}",
                hint="--since is inclusive, --until is exclusive.",
            )
        return begin, end

    @property
    def look(self) -> Look:
        """How the answer is to be shown."""
        from savctl.cli.framework.tables.fields import fields_of

        return Look(
            form=self.output,
            fields=fields_of(self.words) if self.columns else (),
            columns=self.columns,
            has_headers=not self.no_headers,
            color=self.color,
        )

    def confirm(self, question: str, *, hint: str = "Add --yes.") -> None:
        """Continue only after confirmation: `--yes`, or an answer on a terminal.

        Raises:
            NeedsConfirmation: no word was given; nothing was done.
        """
        self.name_target()
        if self.yes or self.dry_run:
            return
        if has_person():
            if answer_to(f"{safe(question)} [y/N] ").lower() in {"y", "yes"}:
                return
            raise NeedsConfirmation("not confirmed; nothing was done")
        asked = question.removesuffix("?")
        raise NeedsConfirmation(f"{asked}: not confirmed, nothing was done", hint=hint)

    def name_target(self) -> None:
        """With `protected`, name the database once, before it is changed or asked about."""
        if self.settings.protected and not self._is_target_named:
            self._is_target_named = True
            self.print_message("note", f"PRODUCTION {self.unproved_app.raw_database.name}")

    def typed(self, *question: str) -> str | None:
        """What a person on a terminal types after these lines; None where nobody is asked."""
        if self.dry_run or not has_person():
            return None
        return answer_to("\n".join(map(safe, question)) + " ")

    def _database_is_made(self, path: str) -> None:
        """A wrong path looks like an empty database: whoever mistyped it reads so here."""
        self.note(f"made a new embedded database: {path}")

    def _clock_is_off(self, clock_off: ClockOff) -> None:
        """Stop, unless nothing would be stored: a dry run reports that the real one would stop."""
        if not self.dry_run:
            raise clock_off
        self.warn(f"{clock_off.message}; the real run would stop")
