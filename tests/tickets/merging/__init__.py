"""Duplicates, merges and splits."""
