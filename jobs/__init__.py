"""Floor 4: one file for each job; whatever has a module-level `JOB` is found by itself.

To add a job, write `jobs/<name>.py` with a `JOB`: lease, history, schedule, `job list`, the
scheduler and the crontab follow. Files with an underscore are the machinery.
"""
