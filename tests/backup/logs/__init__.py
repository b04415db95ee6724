"""Binary logs: copied, replayed."""
