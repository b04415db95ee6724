"""Unpack a Debian package and what it needs into a folder: nothing is installed, no root needed.

What is only unpacked creates no user, enables no service and starts no default instance.
"""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

TOOLS = ("apt-get", "dpkg")
CONFIGURATION = """\
Dir::State "{work}/state";
Dir::State::lists "{work}/lists";
Dir::State::status "{work}/state/status";
Dir::Cache "{work}/cache";
APT::Sandbox::User "";
Acquire::Check-Valid-Until "false";
"""
OTHER_SOURCES = """\
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{work}/sources";
"""


class CannotUnpack(RuntimeError):
    """The package could not be had; the message says why."""


def unpack(package: str, root: Path, *, sources: str | None = None, installed: str = "") -> None:
    """Have `package` unpacked in `root`; whoever comes first does it, the others wait.

    It is unpacked beside the final place and renamed: what has the final name is complete.

    Args:
        package: its name.
        root: the folder to make; beside it lies what is needed for a while.
        sources: where packages come from, in deb822 form; this machine's own when left out.
        installed: what need not come along, as dpkg's status file says it.

    Raises:
        CannotUnpack: no Debian machine, no network, no such package, no room.
    """
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        raise CannotUnpack(f"this needs a Debian machine: there is no {' and no '.join(missing)}")
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with (root.parent / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not root.is_dir():
                _unpack_beside(package, root, sources=sources, installed=installed)
    except OSError as reason:
        raise CannotUnpack(str(reason)) from reason
    except subprocess.CalledProcessError as failure:
        status = f"{failure.cmd[0]} ended with status {failure.returncode}, see above"
        raise CannotUnpack(status) from failure


def _unpack_beside(package: str, root: Path, *, sources: str | None, installed: str) -> None:
    work = root.parent / "work"
    shutil.rmtree(work, ignore_errors=True)
    try:
        _download(package, work, sources=sources, installed=installed)
        for file in sorted(work.glob("cache/archives/*.deb")):
            subprocess.run(["dpkg", "-x", str(file), str(work / "root")], check=True)
        (work / "root").rename(root)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _download(package: str, work: Path, *, sources: str | None, installed: str) -> None:
    for folder in ("sources", "state", "lists/partial", "cache/archives/partial", "root"):
        (work / folder).mkdir(parents=True)
    (work / "state/status").write_text(installed)
    configuration = CONFIGURATION
    if sources is not None:
        configuration += OTHER_SOURCES
        (work / "sources/debian.sources").write_text(sources)
    (work / "apt.conf").write_text(configuration.format(work=work))
    environment = dict(os.environ, APT_CONFIG=str(work / "apt.conf"), LC_ALL="C.UTF-8")
    install = ("install", "--yes", "--no-install-recommends", "--download-only", package)
    for arguments in (("update",), install):
        subprocess.run(["apt-get", "-qq", *arguments], env=environment, check=True)
