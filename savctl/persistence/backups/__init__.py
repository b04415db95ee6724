"""Rows of backups."""
