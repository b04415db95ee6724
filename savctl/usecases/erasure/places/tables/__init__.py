"""Rows of savctl's own tables."""
