"""Stand between a test run and a server: when the run is gone, end the server and its folder.

usage: guard.py PARENT FOLDER LOG COMMAND...

The kernel's parent-death signal alone would not do: it is bound to the *thread* that started
the child, so a server restarted by a thread of a test would end with that thread; and nobody
would be left to remove the folder. This process has one thread, outlives a kill -9 of the test
run by a quarter of a second, and the signal takes the server along if this process is killed.

Prints the server's process id. Its own exit status is the server's, 128 + n for signal n.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
LOOK_EVERY = 0.25  # seconds


def main(parent: int, folder: Path, log: Path, command: list[str]) -> int:
    """Run the command until it ends or the parent is gone; answer its exit status."""
    with log.open("ab") as output:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=_end_with_guard,  # noqa: PLW1509 - there is one thread here
        )
    sys.stdout.write(f"{server.pid}\n")
    sys.stdout.flush()
    while os.getppid() == parent:
        try:
            status = server.wait(timeout=LOOK_EVERY)
        except subprocess.TimeoutExpired:
            continue
        return status if status >= 0 else 128 - status
    server.kill()
    server.wait()
    shutil.rmtree(folder, ignore_errors=True)
    return 1


def _end_with_guard() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    _, run, folder_name, log_name, *server_command = sys.argv
    sys.exit(main(int(run), Path(folder_name), Path(log_name), server_command))
