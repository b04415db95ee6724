"""A working day with a fault every few seconds, on real servers; see `python -m tests.chaos`."""
