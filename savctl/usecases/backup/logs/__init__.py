"""Binary logs: copied, looked up, replayed (rules 17.2, 17.4)."""
