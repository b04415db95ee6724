"""Cold storage."""
