"""A job in a process of its own, at a moment that its caller chooses.

`python -m tests.crash.job_at NAME TIME` runs it as `savctl job run` does, so that what it writes
can be compared with another run to the last byte.
"""

from __future__ import annotations

import sys
from datetime import datetime

from savctl.bootstrap import App
from savctl.config import from_environment
from savctl.errors import SavError
from savctl.ports import SetClock
from savctl.scheduling.job import find_job
from savctl.scheduling.runner import Start, run_job


def main(name: str, moment: str) -> int:
    """Run it once and answer with the exit code of the command line."""
    app = App(from_environment(), SetClock(datetime.fromisoformat(moment)))
    try:
        run_job(find_job(name), app, Start())
    except SavError as problem:
        sys.stderr.write(f"{problem.message}\n")
        return int(problem.exit_code)
    finally:
        app.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
