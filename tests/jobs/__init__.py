"""Jobs: slots, the runner, the scheduler and their commands."""
