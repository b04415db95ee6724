"""From the outbox to a real broker."""
