"""savctl in a process of its own, and the most memory that it ever held; needs Linux's /proc."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LOOK_EVERY = 0.02  # seconds


@dataclass(frozen=True, slots=True)
class Ran:
    """The largest resident size in MB, the seconds it took, and what it said."""

    peak_mb: float
    seconds: float
    text: str
    code: int


def run(words: Sequence[str], environment: Mapping[str, str]) -> Ran:
    """Run `savctl WORDS…` to its end."""
    savctl = str(Path(sys.executable).with_name("savctl"))
    return run_program([savctl, *words], environment)


def run_program(command: Sequence[str], environment: Mapping[str, str]) -> Ran:
    """Run a program to its end."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        with subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=output, stderr=output
        ) as process:
            peak = peak_mb(process)
        output.seek(0)
        text = output.read()
    return Ran(peak, time.perf_counter() - started, text, process.returncode)


def peak_mb(process: subprocess.Popen[Any]) -> float:
    """Wait for its end; answers the most it held, in MB."""
    peak = 0
    while process.poll() is None:
        peak = max(peak, _high_water(process.pid))
        time.sleep(_LOOK_EVERY)
    return peak / 1_024


def processor_seconds(pid: int) -> float:
    """Processor seconds of a process so far, in its own code and in the system's."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _high_water(pid: int) -> int:
    """The largest resident size so far, in KB; 0 of a process that has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line), 0)
