"""The outbox, and its way to the broker."""
