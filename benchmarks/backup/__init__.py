"""Backups and what loads them."""
