"""Bulk commands: plan, carry out, undo (rules 15.1, 15.2)."""
