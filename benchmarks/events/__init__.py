"""The relay and the broker."""
