"""What savctl promises about its speed, measured; `make bench` runs all of it.

Machines differ, so every figure is a ratio to something plain that was measured in the same run,
or a limit of the specification.
"""
