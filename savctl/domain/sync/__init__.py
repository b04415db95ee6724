"""What other services send about users and orders, and what it does (rules 14)."""
