"""The mirror of the bucket."""
