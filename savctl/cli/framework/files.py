"""Files that a command writes: at `--out`, or to stdout for `-`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from savctl.cli.framework.context import CommandContext
from savctl.cli.framework.stderr.streams import silence_stdout
from savctl.cli.framework.text import safe
from savctl.errors import is_out_of_room

if TYPE_CHECKING:
    from savctl.usecases.batch.atomic_file import AtomicFile, Bytes

Force = Annotated[bool, typer.Option("--force", help="Overwrite the file if there is one.")]


@contextmanager
def out_file(call: CommandContext, out: str, *, force: bool) -> Iterator[AtomicFile]:
    """The file to write: a new one, readable by its owner only, or stdout for `-`.

    A dry run writes one without a name, which is gone at the end.
    """
    from savctl.usecases.batch.atomic_file import new_file, spooled

    if call.dry_run or out == "-":
        with spooled((lambda _: None) if call.dry_run else to_stdout) as file:
            yield file
        return
    path = Path(out)
    with new_file(path, overwrite=may_overwrite(call, path, force=force)) as file:
        yield file


def may_overwrite(call: CommandContext, path: Path, *, force: bool) -> bool:
    """Whether a file there may be replaced; a person is asked. A link is none, and stays.

    Raises:
        NeedsConfirmation: there is one, and nobody wants it replaced.
    """
    if force or call.yes:
        return True
    if not path.is_file() or path.is_symlink():
        return False
    call.confirm(
        f"overwrite {path}, which exists", hint="Name another file, or add --force to replace it."
    )
    return True


def to_stdout(content: Bytes) -> None:
    """Copy it out; on a terminal nothing in it steers the terminal."""
    try:
        _copy_out(content)
    except OSError as problem:
        if is_out_of_room(problem):
            silence_stdout()
        raise


def _copy_out(content: Bytes) -> None:
    if sys.stdout.isatty():
        for line in content:
            text = line.decode("utf-8", errors="backslashreplace").removesuffix("\n")
            sys.stdout.write(f"{safe(text)}\n")
    else:
        sys.stdout.flush()
        shutil.copyfileobj(content, sys.stdout.buffer)
    sys.stdout.flush()
