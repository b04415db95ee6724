"""Erasing a person everywhere, and proving it (rules 16)."""
