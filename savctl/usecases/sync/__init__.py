"""Taking in users and orders of other services, and asking for them (rules 14)."""
