"""Empty data folders: made once for each server version, then copied."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.databases import flags
from tests.servers.find import CACHE, Programs
from tests.servers.process import GuardedProcess

TEMPLATES = CACHE / "servers"
MAKING = ".making-"


class InitialisationFailed(RuntimeError):
    """A server program could not make its data folder."""


def new_data_folder(programs: Programs, data: Path) -> None:
    """Make an empty data folder at `data`, from the template where one can be kept.

    Raises:
        InitialisationFailed: with the end of what the server said.
    """
    template = prepare(programs)
    if template is None:
        _initialise(programs, data)
    else:
        shutil.copytree(template, data)


def prepare(programs: Programs) -> Path | None:
    """Have the template made; whoever comes first makes it, the others wait.

    None in a read-only checkout, where every server makes its own folder: slower, not impossible.
    The template gets its name when it is complete. What an interrupted run leaves behind has
    another name, and the next one throws it away.
    """
    recipe = repr(flags.initialise(programs, Path("data")))
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:8]
    name = f"{programs.family}-{programs.version}-user{os.geteuid()}-{digest}"
    template = TEMPLATES / name
    if template.is_dir():
        return template
    if not _can_keep():
        return None
    with _locked(TEMPLATES / f"{name}.lock"):
        if not template.is_dir():
            for left in TEMPLATES.glob(f"{name}{MAKING}*"):
                shutil.rmtree(left, ignore_errors=True)
            making = Path(tempfile.mkdtemp(prefix=f"{name}{MAKING}", dir=TEMPLATES))
            _initialise(programs, making / "data")
            (making / "data").rename(template)
            shutil.rmtree(making, ignore_errors=True)
    return template


def _can_keep() -> bool:
    try:
        TEMPLATES.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(TEMPLATES, os.W_OK | os.X_OK)


def _initialise(programs: Programs, data: Path) -> None:
    log = data.parent / "initialise.log"
    maker = GuardedProcess(flags.initialise(programs, data), folder=data.parent, log=log)
    try:
        status = maker.wait()
    finally:
        maker.end()
    if status != 0:
        raise InitialisationFailed(
            f"{programs.family} {programs.version} made no data folder (status {status}):\n"
            + log.read_text(errors="replace")[-2000:]
        )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # ends with the file, so also with a killed process
        yield
