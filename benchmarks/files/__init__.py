"""The bucket and its files."""
