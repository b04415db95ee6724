"""The rotation of keys."""
