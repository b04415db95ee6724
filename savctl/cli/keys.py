"""`savctl keys status, rotate, generate`."""

from __future__ import annotations

from typing import Annotated

import typer

from savctl.cli.framework.command import command, new_group
from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.output import Answer, Format, Outcome
from savctl.cli.framework.page import named, section
from savctl.cli.framework.stderr.progress import counting, watching
from savctl.domain.text import plural
from savctl.errors import ConfigurationError, Findings, PartlyDone

group = new_group("Keys of encrypted values: count, rotate, generate.")


@command(
    group,
    "status",
    timeless=True,
    examples=["savctl keys status", "savctl keys status -o json"],
)
def status(call: CommandContext) -> Outcome:
    """Count the values of each key.

    Exit code 10 when values are not encrypted yet, or cannot be read.

    A key that values or bundles of the archive still use must not be deleted. A key that is
    used and not there is listed as well.
    """
    from savctl.usecases.encryption.counting import count_keys

    codec = call.app.codec
    if codec.is_configured:
        try:
            codec.keys()
        except ConfigurationError as problem:
            call.warn(f"encrypted values cannot be read: {problem.message}")
    counts = count_keys(call.database, call.app.cold)
    row = counts.as_json(codec)
    answer = Answer(rows=[row], is_one=True, key="plain", text=_page(row))
    if call.output is Format.IDS:
        answer = Answer(rows=counts.keys_as_json(codec), key="kid")
    if not (counts.plain or counts.unreadable):
        return Outcome(answer=answer)
    failure = Findings(
        f"{plural(counts.plain, 'value')} not encrypted, {counts.unreadable} unreadable",
        hint="Run 'savctl keys rotate' to encrypt what is plain."
        if counts.plain
        else "Put the missing keys back into the keys file.",
    )
    return Outcome(answer=answer, failures=(failure,))


@command(
    group,
    "rotate",
    writes=True,
    examples=["savctl keys rotate --dry-run", "savctl keys rotate -o json"],
)
def rotate(call: CommandContext) -> Outcome:
    """Encrypt everything with the current key.

    Values of older keys and plain values are encrypted, a batch at a time, while others write.
    Run it again after a stop. On SQLite the whole file is then rewritten, so that free pages and
    the log hold no plain value.

    Exit code 3 when values cannot be read; they are named and left as they are.
    """
    from savctl.scheduling.stop import stopping_on_signals
    from savctl.usecases.batch.batches import BatchContext
    from savctl.usecases.batch.report import BatchReport
    from savctl.usecases.encryption.rotating import rotate_keys

    current = call.app.codec.keys().current
    done = BatchReport(lists_changes=call.dry_run)
    with stopping_on_signals() as stop, watching(call) as progress:
        terms = BatchContext(
            report=done,
            size=call.settings.batch_size,
            dry_run=call.dry_run,
            should_stop=stop.is_set,
            on_batch=counting(progress, lambda report: plural(report.changed, "ticket")),
        )
        is_clean = rotate_keys(call.database, call.clock, by=call.by, terms=terms)
    if not is_clean:
        call.warn(
            "other connections kept savctl from overwriting free pages: "
            "run 'savctl keys rotate' again when nobody uses the database"
        )
    row = {"key": current, **done.counts(), "items": [item.as_json() for item in done.items]}
    if call.dry_run:
        call.note("dry run: nothing was stored")
        row["dry_run"] = True
    answer = Answer(rows=[row], is_one=True, key="key", text=_rotated(row))
    if stop.signal is not None:
        note = "stopped; run 'savctl keys rotate' again for the rest"
        return Outcome(answer=answer, notes=(note,), exit=128 + int(stop.signal))
    if not done.failed:
        return Outcome(answer=answer)
    failure = PartlyDone(
        f"{plural(done.failed, 'ticket')} left with values that cannot be read",
        hint="Run 'savctl keys status' to see which keys are missing.",
    )
    return Outcome(answer=answer, failures=(failure,))


@command(
    group,
    "generate",
    writes=True,
    examples=["savctl keys generate --kid 2026-01"],
)
def generate(
    call: CommandContext,
    kid: Annotated[str, typer.Option("--kid", metavar="NAME", help="The name of the new key.")],
) -> Answer:
    """Add a new key to the keys file, the current one from now on.

    The file is made with mode 0600 when there is none. The key is never printed.

    Copy the file to every host and keep a copy elsewhere: without it the values are lost.
    """
    from savctl.adapters.keys import KeysFile

    path = call.settings.keys_file
    if path is None:
        raise ConfigurationError(
            "keys_file is not set: there is no file to add a key to",
            hint="Set SAVCTL_KEYS_FILE, for example to /etc/savctl/keys.",
        )
    KeysFile(path).add(kid, dry_run=call.dry_run)
    row: dict[str, object] = {"kid": kid, "file": str(path)}
    if call.dry_run:
        call.note("dry run: nothing was stored")
        row["dry_run"] = True
    return Answer(rows=[row], is_one=True, as_record=True, key="kid")


def _page(row: dict[str, object]) -> str:
    keys = row["keys"] if isinstance(row["keys"], list) else []
    lines = named(
        [
            (
                key["kid"] + (", current" if key["current"] else ""),
                f"{plural(key['values'], 'value')}, {plural(key['bundles'], 'bundle')}",
            )
            for key in keys
        ],
        inside=1,
    )
    counts = named([(name, row[name]) for name in ("plain", "unreadable", "foreign")], inside=1)
    return "\n".join([*section("Keys", lines), *section("Other values", counts)])


def _rotated(row: dict[str, object]) -> str:
    names = ("key", "seen", "changed", "failed")
    items = row["items"] if isinstance(row["items"], list) else []
    lines = named([(item["ticket_number"], item["reason"] or "encrypted") for item in items])
    return "\n".join([*named([(name, row[name]) for name in names]), *lines])
