"""Places of backups: a folder, a bucket."""
