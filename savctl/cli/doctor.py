"""`savctl doctor`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Format, Outcome
from savctl.cli.framework.terminal import fold, pad, stdout_width
from savctl.cli.framework.text import safe
from savctl.errors import Findings, SavError, Unavailable

if TYPE_CHECKING:
    from savctl.config import Settings
    from savctl.usecases.doctor.checks import CheckResult
    from savctl.usecases.doctor.dumps import WatchedBackups

group = new_group("Check everything savctl depends on.", is_command=True)

_COLUMNS = ("check", "level", "found", "advice")
_INDENT = 19  # cells before what was found: the name of the check and its level


@command(group, "doctor", examples=["savctl doctor", "savctl doctor -o json"])
def doctor(call: CommandContext) -> Outcome:
    """Check everything savctl depends on.

    Exit code 10 when something is wrong, 8 without a database.

    A line for each thing, with a level: ok, warn, error, or off where it is not configured.
    """
    from savctl.usecases.doctor.access import ACCESS
    from savctl.usecases.doctor.binlog import binlog_checks
    from savctl.usecases.doctor.cache import CACHE
    from savctl.usecases.doctor.checks import Environment, diagnose
    from savctl.usecases.doctor.cluster import CLUSTER
    from savctl.usecases.doctor.database import DATABASE
    from savctl.usecases.doctor.dumps import dumps
    from savctl.usecases.doctor.erasures import ERASURES
    from savctl.usecases.doctor.files import FILES, RECORDS
    from savctl.usecases.doctor.keys import KEYS
    from savctl.usecases.doctor.lines import as_lines, line_of
    from savctl.usecases.doctor.mirror import MIRROR
    from savctl.usecases.doctor.server import SERVER
    from savctl.usecases.doctor.sla import SLA
    from savctl.usecases.doctor.sync import SYNC
    from savctl.usecases.doctor.work import BROKER, WORK

    app = call.unproved_app
    environment = Environment(
        database=app.raw_database,
        nodes=app.database_nodes,
        clock=call.clock,
        broker=app.broker,
        queues=app.queues,
        queue_names=(app.settings.sync_users_queue, app.settings.sync_orders_queue),
        store=app.store,
        scanner=app.scanner,
        mirror=app.mirror,
        unmirrored=_unmirrored(app.settings),
        ticket_cache=app.ticket_cache,
        due=lambda: _due(call),
        host_clock=app.host_clock,
        clock_skew_limit=call.settings.clock_skew_limit,
        lease_seconds=call.settings.lease_seconds,
    )
    elsewhere = {**BROKER, **FILES, "token": lambda _: _settings(call)}
    of_rows = {**DATABASE, **SERVER, **CLUSTER, **WORK, **CACHE, **RECORDS}
    checks = {**of_rows, **SYNC, **SLA, **ERASURES, **KEYS, **ACCESS, **MIRROR}
    checks |= dumps(_watched_backups(call))
    checks |= binlog_checks(app.settings.backup_url)
    diagnosis = diagnose(environment, checks, elsewhere=elsewhere)
    lines = as_lines(diagnosis.results)
    answer = Answer(
        rows=[line.as_row() for line in lines],
        columns=_COLUMNS,
        key="check",
        text=_page(lines) if call.output is Format.TABLE and not call.columns else None,
    )
    if not diagnosis.errors:
        return Outcome(answer=answer)
    wrong = dict.fromkeys(line_of(result.check) for result in diagnosis.errors)
    failure: SavError = Findings(f"doctor found errors: {', '.join(wrong)}")
    if not diagnosis.is_reachable:
        failure = Unavailable(f"the database {app.raw_database.name} does not answer")
    return Outcome(answer=answer, failures=(failure,))


def _page(lines: Sequence[CheckResult]) -> str:
    """Each line with its advice below it: cut nowhere, folded on a terminal."""
    room = stdout_width()
    shown: list[str] = []
    for line in lines:
        texts = [line.found, *([f"→ {line.advice}"] if line.advice else [])]
        parts = [
            part
            for text in map(safe, texts)
            for part in (fold(text, max(20, room - _INDENT)) if room else [text])
        ]
        head = f"{pad(line.check, 12)} {pad(str(line.level), 5)} "
        shown.append(f"{head}{parts[0]}")
        shown += [f"{'':<{_INDENT}}{part}" for part in parts[1:]]
    return "\n".join(shown)


def _settings(call: CommandContext) -> Iterator[CheckResult]:
    """What no other check meets: variables that are no settings, a token, its key."""
    from savctl.cli.settings_check import problems_by_line
    from savctl.usecases.doctor.checks import CheckLevel, CheckResult

    settings = call.settings
    problems = dict(problems_by_line(settings))
    for problem in settings.unknown:
        yield CheckResult(
            check="settings", level=CheckLevel.WARN, found=problem, advice=_ALL_SETTINGS
        )
    for line, problem in problems.items():
        yield CheckResult(check=line, level=CheckLevel.ERROR, found=problem, advice=_ALL_SETTINGS)
    if (stale := _stale_keys(settings)) is not None:
        yield CheckResult(check="token", level=CheckLevel.WARN, found=stale, advice=_ALL_SETTINGS)
    elif settings.token is None and "token" not in problems:
        found = "no token: whoever runs savctl may do everything"
        yield CheckResult(check="token", level=CheckLevel.OFF, found=found)
    elif "token" not in problems and settings.token is not None:
        found = "SAVCTL_TOKEN proves who acts"
        yield CheckResult(check="token", level=CheckLevel.OK, found=found)


def _unmirrored(settings: Settings) -> tuple[str, ...]:
    """The archive, where it is not in the bucket of the files, which the mirror copies."""
    url = settings.archive_url
    if url is None:
        return ()
    place = url if url.startswith("file://") else "s3://" + url[5:].partition("/")[0]
    return () if place == settings.storage_url else (url,)


def _watched_backups(call: CommandContext) -> WatchedBackups:
    """The place of the backups, and the disk and buckets that it should not be on."""
    from savctl.usecases.backup.restore.unfinished import find_unfinished
    from savctl.usecases.doctor.dumps import WatchedBackups

    app, settings = call.unproved_app, call.settings
    urls = [url for url in (settings.storage_url, settings.archive_url) if url is not None]
    folders = [Path(url.removeprefix("file://")) for url in urls if url.startswith("file://")]
    if app.raw_database.is_sqlite:
        folders.append(Path(app.raw_database.name).parent)
    return WatchedBackups(
        place=None if settings.backup_url is None else lambda: app.backup_place,
        client=lambda: app.backups.client,
        data=tuple(folders),
        data_buckets=tuple(
            url.removeprefix("s3://").partition("/")[0] for url in urls if url.startswith("s3://")
        ),
        home=settings.home,
        unfinished=find_unfinished,
    )


def _stale_keys(settings: Settings) -> str | None:
    """Kept keys that serve no more: the next command with a token asks the server, or fails."""
    if settings.token_jwks is None or "://" not in settings.token_jwks:
        return None
    from savctl.adapters.tokens.kept_keys import LONGEST_SECONDS, kept_seconds

    age = kept_seconds(settings.token_jwks, settings.home)
    if age is None or 0 <= age < LONGEST_SECONDS:
        return None
    return f"the keys kept of token_jwks are {int(age // 3600)} h old and are not used any more"


_ALL_SETTINGS = "Run 'savctl config check', which names everything that is wrong."


def _due(call: CommandContext) -> Mapping[str, datetime]:
    """The oldest slot of each job that nobody has run yet."""
    from savctl.scheduling.metrics import due_since

    return due_since(call.unproved_app)
