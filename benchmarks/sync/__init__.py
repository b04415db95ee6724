"""Messages of other services."""
