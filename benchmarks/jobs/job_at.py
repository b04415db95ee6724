"""One run of a job at the shop's `NOW`: `python -m benchmarks.jobs.job_at NAME` prints its counts.

The clock of `savctl job run` is the machine's: by that clock the whole shop would be overdue.
"""

from __future__ import annotations

import json
import sys

from benchmarks.framework.shop import NOW
from savctl.bootstrap import App
from savctl.config import from_environment
from savctl.ports import SetClock
from savctl.scheduling.job import find_job
from savctl.scheduling.runner import Start, run_job


def main(name: str) -> int:
    """Run it as configured, confirmed."""
    app = App(from_environment(), SetClock(NOW))
    try:
        done = run_job(find_job(name), app, Start(is_confirmed=True)).done
    finally:
        app.close()
    print(json.dumps({"seen": done.seen, "changed": done.changed, "failed": done.failed}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
