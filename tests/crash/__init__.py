"""Processes that are killed, paused and set against each other."""
