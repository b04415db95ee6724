"""What brings events from the outbox to the broker."""
