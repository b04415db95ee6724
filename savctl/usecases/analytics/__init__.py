"""Figures of a month, into a file and into a folder or bucket of their own (rules 15.4)."""
