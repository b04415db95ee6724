"""A program that ends when savctl does, a savctl that is killed included.

A client that waits for the server, or for a reader of its pipe, would stay behind for ever. On
Linux the kernel kills it as soon as the thread that started it is gone. A small Python asks for
that and then becomes the program: `preexec_fn` would do it in a fork of a process with threads,
which may hang. Elsewhere a program ends when it next uses its pipe.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

# 1 is PR_SET_PDEATHSIG. savctl may have ended before it: then nothing is started. Python ignores
# SIGPIPE and SIGXFSZ, and a program would inherit that.
_BECOME = """\
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]):
    sys.exit("savctl has ended")
for name in ("SIGPIPE", "SIGXFSZ"):
    signal.signal(getattr(signal, name), signal.SIG_DFL)
os.execv(sys.argv[2], sys.argv[2:])
"""


def bound(command: Sequence[str]) -> list[str]:
    """The command that runs this one so; its first word is the path of the program."""
    if not sys.platform.startswith("linux") or not sys.executable:
        return list(command)
    return [sys.executable, "-I", "-S", "-c", _BECOME, str(os.getpid()), *command]
