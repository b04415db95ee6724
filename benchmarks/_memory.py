"""The largest memory that a process ever held; needs Linux's /proc."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

_LOOK_EVERY = 0.02  # seconds


def peak_mb(process: subprocess.Popen[Any]) -> float:
    """Wait for its end; answers the most it held, in MB."""
    peak = 0
    while process.poll() is None:
        peak = max(peak, _high_water(process.pid))
        time.sleep(_LOOK_EVERY)
    return peak / 1_024


def _high_water(pid: int) -> int:
    """The largest resident size so far, in KB; 0 of a process that has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line), 0)
