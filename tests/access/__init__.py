"""Who may do what, and what the audit keeps of it."""
