"""Backups: their names, how long they are kept, how they are sealed (rules 17)."""
