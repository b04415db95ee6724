"""Rows of other programs that break the specification: shown as they are, never in the way."""
