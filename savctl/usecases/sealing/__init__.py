"""Streams that cannot be read or changed without a key, of backups and of the mirror."""
