"""A second copy of the bucket, by content (rules 17.2)."""
