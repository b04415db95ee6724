"""Bulk commands: steps, guards, and the way back (rules 15.1, 15.2)."""
