"""Use cases of backups (rules 17)."""
